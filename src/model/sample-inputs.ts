import { allocate, type Datatype, datatypes, type TensorData } from '../tensor/datatype.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import type { BatchAxes, Dimension, Signature, TensorSpec } from './signature.js';

/** Which generated request: `row` chooses the values, `freeSize` is given to every free dimension but the batch. */
export interface SampleChoice {
  readonly row: number;
  readonly freeSize: number;
}

/**
 * One generated item for a model, with a batch axis of 1: integers are 0 or 1 (safe as indices, masks and flags),
 * floats lie in [0, 1), strings are short words. Inputs that have no batch axis are the same in every row. The same
 * choice gives the same values.
 */
export function sampleItem({ inputs }: Signature, axes: BatchAxes, { row, freeSize }: SampleChoice): NamedTensors {
  return Object.fromEntries(
    inputs.map((spec, index) => {
      const axis = axes.inputs[spec.name] ?? null;
      const seed = (axis === null ? 0 : row + 1) * 1000 + index;
      return [spec.name, sampleTensor(spec, { axis, freeSize, seed })];
    }),
  );
}

/** The number of values in one generated item. */
export function sampleElements({ inputs }: Signature, axes: BatchAxes, freeSize: number): number {
  return inputs.reduce(
    (sum, spec) => sum + elementCount(sampleShape(spec, axes.inputs[spec.name] ?? null, freeSize)),
    0,
  );
}

/** The bytes of one generated item; strings are taken for eight each. */
export function sampleBytes({ inputs }: Signature, axes: BatchAxes, freeSize: number): number {
  return inputs.reduce((sum, spec) => {
    const shape = sampleShape(spec, axes.inputs[spec.name] ?? null, freeSize);
    return sum + elementCount(shape) * (datatypes[spec.datatype].bytes ?? 8);
  }, 0);
}

function sampleShape({ shape }: TensorSpec, axis: number | null, freeSize: number): number[] {
  return shape.map((size: Dimension, at) => (typeof size === 'number' ? size : at === axis ? 1 : freeSize));
}

function sampleTensor(
  spec: TensorSpec,
  { axis, freeSize, seed }: { axis: number | null; freeSize: number; seed: number },
): Tensor {
  const shape = sampleShape(spec, axis, freeSize);
  return { datatype: spec.datatype, shape, data: sampleData(spec.datatype, elementCount(shape), seed) };
}

function sampleData(datatype: Datatype, length: number, seed: number): TensorData {
  const random = mulberry32(seed);
  const data = allocate(datatype, length);
  for (let index = 0; index < length; index += 1) {
    const value = random();
    if (Array.isArray(data)) data[index] = value < 0.5 ? 'alpha' : 'beta';
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = value < 0.5 ? 0n : 1n;
    else data[index] = sampleNumber(datatype, value);
  }
  return data;
}

/** Half floats are bit patterns: 0x3800 to 0x3bff are the values in [0.5, 1). */
function sampleNumber(datatype: Datatype, value: number): number {
  if (datatype === 'FP32' || datatype === 'FP64') return value;
  if (datatype === 'FP16') return 0x3800 + Math.floor(value * 0x400);
  return value < 0.5 ? 0 : 1;
}

/** Tommy Ettinger's mulberry32: uniform in [0, 1), the same sequence for the same seed everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
