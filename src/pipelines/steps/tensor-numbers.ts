import { halvesToNumbers } from '../../tensor/half-float.js';
import type { Tensor } from '../../tensor/tensor.js';
import { StepError } from '../step.js';
import { type TensorType, typeText, type ValueType } from '../value-type.js';

export type TensorValueType = ValueType & { readonly kind: 'tensor' };

/**
 * What is known of a tensor that a step works out numbers from.
 *
 * @param given of kind `tensor`
 * @throws StepError if it holds text
 */
export function numericType(given: ValueType): TensorType {
  const type = given as TensorValueType;
  if (type.datatype === 'BYTES') throw new StepError(`expected numbers; given ${typeText(given)}`);
  return type;
}

/**
 * The elements of a tensor as numbers, row-major: half floats as what they stand for, 64-bit integers to the nearest
 * double. The tensor's own memory where it holds numbers already, so not to be written to.
 *
 * @throws Error if it holds text
 */
export function numbersOf({ datatype, data }: Tensor): ArrayLike<number> {
  switch (datatype) {
    case 'FP16':
      return halvesToNumbers(data as Uint16Array);
    case 'INT64':
    case 'UINT64':
      return Float64Array.from(data as ArrayLike<bigint>, Number);
    case 'BYTES':
      throw new Error('expected numbers; the tensor holds text');
    default:
      return data as ArrayLike<number>;
  }
}
