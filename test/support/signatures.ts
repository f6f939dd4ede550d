import type { Signature, TensorSpec } from '#src/model/signature.js';
import type { Datatype } from '#src/tensor/datatype.js';

/** A fixed size, the symbol of a free dimension, or null for one without a name: as exports declare them. */
type DeclaredShape = readonly (number | string | null)[];
/** A shape in FP32, or with its datatype. */
type Declared = DeclaredShape | readonly [Datatype, DeclaredShape];

/** A signature from what a model declares, by name: `signature({ x: ['N', 4] }, { y: ['N', 2] })`. */
export function signature(
  inputs: Readonly<Record<string, Declared>>,
  outputs: Readonly<Record<string, Declared>> = {},
): Signature {
  return { inputs: specs(inputs), outputs: specs(outputs) };
}

function specs(tensors: Readonly<Record<string, Declared>>): TensorSpec[] {
  return Object.entries(tensors).map(([name, declared]) => {
    const [datatype, shape] = isTyped(declared) ? declared : (['FP32', declared] as const);
    return { name, datatype, shape: shape.map((size) => (typeof size === 'number' ? size : { symbol: size })) };
  });
}

function isTyped(declared: Declared): declared is readonly [Datatype, DeclaredShape] {
  return Array.isArray(declared[1]);
}

/** silero-vad 16k, opset 15: the batch on axis 0 and 1, a sampling rate that the whole batch shares. */
export const sileroVad = signature(
  { input: ['batch', 'sequence'], state: [2, 'batch', 128], sr: ['INT64', []] },
  { output: ['batch', 1], stateN: ['AddstateN_dim_0', 'batch', 'AddstateN_dim_2'] },
);

/** magika standard_v3_3: the batch has another symbol in the input than in the output. */
export const magika = signature({ bytes: ['INT32', ['unk__214', 2048]] }, { target_label: ['unk__215', 214] });
