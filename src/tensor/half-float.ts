import { getFloat16, setFloat16 } from '@petamoriken/float16';

/*
 * FP16 tensors hold bit patterns (see datatype.ts); these turn them into the numbers that they stand for and back,
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

/** The numbers that bit patterns stand for, each of which a float32 holds. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let index = 0; index < halves.length; index += 1) floats[index] = halfToNumber(halves[index] as number);
  return floats;
}

/** The bit patterns nearest to numbers. */
export function numbersToHalves(numbers: Float64Array): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) halves[index] = numberToHalf(numbers[index] as number);
  return halves;
}
