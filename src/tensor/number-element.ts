import type { TensorData } from './datatype.js';
import { halfToNumber, numberToHalf } from './half-float.js';
import type { Tensor } from './tensor.js';

/**
 * Writes a number into element `at` of a tensor, if the datatype holds it: integers take whole numbers of their range
 * (64-bit ones those that a JavaScript number holds exactly), BOOL takes 0 and 1, floats take NaN and what does not
 * round to Infinity; BYTES takes none.
 *
 * @returns whether the datatype holds the number; if not, the element is whatever it was made into
 */
export function writeNumber({ datatype, data }: Pick<Tensor, 'datatype' | 'data'>, at: number, value: number): boolean {
  switch (datatype) {
    case 'BYTES':
      return false;
    case 'INT64':
    case 'UINT64': {
      if (!Number.isSafeInteger(value)) return false;
      const elements = data as BigInt64Array | BigUint64Array;
      elements[at] = BigInt(value);
      // A negative number has become another one in UINT64.
      return elements[at] === BigInt(value);
    }
    case 'BOOL':
      (data as Uint8Array)[at] = value;
      return value === 0 || value === 1;
    case 'FP16':
      (data as Uint16Array)[at] = numberToHalf(value);
      return Number.isNaN(value) || Number.isFinite(halfToNumber((data as Uint16Array)[at] as number));
    case 'FP32':
    case 'FP64':
      (data as PlainArray)[at] = value;
      return Number.isNaN(value) || Number.isFinite((data as PlainArray)[at]);
    default:
      // Integers wrap around and drop fractions: what reads back the same was held.
      (data as PlainArray)[at] = value;
      return (data as PlainArray)[at] === value;
  }
}

type PlainArray = Exclude<TensorData, string[] | BigInt64Array | BigUint64Array>;
