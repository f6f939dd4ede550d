import { getFloat16, setFloat16 } from '@petamoriken/float16';

/*
 * FP16 tensors hold bit patterns (see datatype.ts); these two turn one into the number that it stands for and back,
 * rounding to the nearest and to even between two.
 */

const scratch = new DataView(new ArrayBuffer(2));

/** The number that a half float's bit pattern stands for. */
export function halfToNumber(bits: number): number {
  scratch.setUint16(0, bits);
  return getFloat16(scratch, 0);
}

/** The bit pattern of the half float nearest to a number; Infinity's beyond ±65,504. */
export function numberToHalf(value: number): number {
  setFloat16(scratch, 0, value);
  return scratch.getUint16(0);
}
