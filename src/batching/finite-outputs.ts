import { z } from 'zod';
import { MillraceError } from '../core/errors.js';
import { halfToNumber } from '../tensor/half-float.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** `outputs`: what the model's outputs must be. */
export const outputsSchema = z.strictObject({
  reject_non_finite: z
    .boolean()
    .default(false)
    .describe(
      'Whether an item fails with `OUTPUT_NOT_FINITE` if a floating-point output of its rows holds NaN or Infinity',
    ),
});

/** Why a request's outputs are refused: the first element that is NaN or infinite; undefined if all are finite. */
export function nonFiniteOutput(outputs: NamedTensors): MillraceError | undefined {
  for (const name in outputs) {
    const tensor = outputs[name] as Tensor;
    const at = firstNonFinite(tensor);
    if (at === -1) continue;
    const value = Number(tensor.data[at]);
    const number = tensor.datatype === 'FP16' ? halfToNumber(value) : value;
    return new MillraceError('OUTPUT_NOT_FINITE', 'The model gave a number that is not finite for this input.', {
      path: `output.${name}`,
      expected: 'finite numbers',
      got: `${number} in element ${at}`,
    });
  }
  return undefined;
}

function firstNonFinite({ datatype, data }: Tensor): number {
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      return (data as Float32Array | Float64Array).findIndex((value) => !Number.isFinite(value));
    case 'FP16':
      // All bits of the exponent.
      return (data as Uint16Array).findIndex((bits) => (bits & 0x7c00) === 0x7c00);
    default:
      return -1;
  }
}
