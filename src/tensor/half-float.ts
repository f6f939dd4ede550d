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

/**
 * The numbers that half floats stand for, all of which float32 holds. For whole tensors: it takes a hundredth of the
 * time of a call for each.
 */
export function halvesToNumbers(halves: Uint16Array): Float32Array {
  const numbers = new Float32Array(halves.length);
  const patterns = new Uint32Array(numbers.buffer);
  for (let index = 0; index < halves.length; index += 1) {
    const half = halves[index] as number;
    const shifted = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    const isFinite = (half & 0x7c00) !== 0x7c00;
    patterns[index] = isFinite ? shifted : shifted | 0x7f80_0000;
    // The formats' exponents count from points 112 apart; the same factor is right for subnormal numbers.
    if (isFinite) numbers[index] = (numbers[index] as number) * 2 ** 112;
  }
  return numbers;
}

/** The bit patterns nearest to numbers. */
export function numbersToHalves(numbers: Float64Array): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) halves[index] = numberToHalf(numbers[index] as number);
  return halves;
}
