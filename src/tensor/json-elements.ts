import { MillraceError } from '../core/errors.js';
import { shown } from '../core/zod-issues.js';
import type { Datatype, TensorData } from './datatype.js';
import { floatText } from './float-text.js';
import { halfToNumber, numberToHalf } from './half-float.js';

/** The greatest number that does not round to Infinity: from halfway to the next power of two on they do. */
const LARGEST_FP16 = below(65_520);
const LARGEST_FP32 = below((2 - 2 ** -24) * 2 ** 127);

/** The numbers that a datatype takes; of the integers of 64 bits those that a JSON number holds exactly. */
export const numberRange = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  FP16: [-LARGEST_FP16, LARGEST_FP16],
  FP32: [-LARGEST_FP32, LARGEST_FP32],
  FP64: [-Number.MAX_VALUE, Number.MAX_VALUE],
} as const satisfies Partial<Record<Datatype, readonly [least: number, greatest: number]>>;

/**
 * Writes the values of one innermost JSON array into a tensor's elements.
 *
 * @param at the first element to write
 * @param pathOf how an error calls value `index`
 * @throws MillraceError INVALID_INPUT at the first value that the datatype cannot hold
 */
export function writeElements(
  values: readonly unknown[],
  {
    datatype,
    data,
    at,
    pathOf,
  }: { datatype: Datatype; data: TensorData; at: number; pathOf: (index: number) => string },
): void {
  const refuse = (index: number, expected: string) => {
    return new MillraceError('INVALID_INPUT', 'A value of the input is not what the model takes.', {
      path: pathOf(index),
      expected,
      got: shown(values[index]),
    });
  };
  switch (datatype) {
    case 'FP16':
    case 'FP32':
    case 'FP64': {
      const [least, greatest] = numberRange[datatype];
      const target = data as Float32Array | Float64Array | Uint16Array;
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index];
        // The comparison is false for NaN too.
        if (typeof value !== 'number' || !(value >= least && value <= greatest)) {
          throw refuse(index, `a number that ${datatype} can hold`);
        }
        target[at + index] = datatype === 'FP16' ? numberToHalf(value) : value;
      }
      return;
    }
    case 'BOOL':
      for (const [index, value] of values.entries()) {
        if (typeof value !== 'boolean') throw refuse(index, 'true or false');
        (data as Uint8Array)[at + index] = Number(value);
      }
      return;
    case 'BYTES':
      for (const [index, value] of values.entries()) {
        // ONNX Runtime's strings are UTF-8 that ends at the first NUL.
        if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) {
          throw refuse(index, 'a string of valid Unicode without NUL');
        }
        (data as string[])[at + index] = value;
      }
      return;
    default: {
      const [least, greatest] = numberRange[datatype];
      const isBig = datatype === 'INT64' || datatype === 'UINT64';
      for (const [index, value] of values.entries()) {
        if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > greatest) {
          throw refuse(index, `a whole number from ${least} to ${greatest}`);
        }
        (data as (number | bigint)[] | TensorData)[at + index] = isBig ? BigInt(value) : value;
      }
    }
  }
}

/**
 * One element as JSON says it: 64-bit integers by all their digits, floats by as few as read back as the same float.
 *
 * @returns undefined for NaN and the infinities, which JSON cannot say
 */
export function elementText(datatype: Datatype, value: number | bigint | string): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return value.toString();
  if (datatype === 'BOOL') return value === 0 ? 'false' : 'true';
  const number = datatype === 'FP16' ? halfToNumber(value) : value;
  if (!Number.isFinite(number)) return undefined;
  if (datatype === 'FP16' || datatype === 'FP32') return floatText(number);
  return Object.is(number, -0) ? '-0.0' : String(number);
}

/** The greatest number below a positive one. */
function below(value: number): number {
  return value * (1 - Number.EPSILON / 2);
}
