/*
 * The shortest decimal that reads back as a float32: 0.1 for what a double calls 0.10000000149011612.
 *
 * Every decimal between the middles to the two neighbours reads back. Value and middles are scaled to nine digits before
 * the point, which are always enough; the whole numbers between the middles then are what may be written, and as long
 * as there is a multiple of ten among them, one digit less will do. So does U. Adams's Ryū ("Ryū: fast float-to-string
 * conversion", 2018) in 64-bit integers. A double has so many bits to spare for the 25 of a middle that it can take
 * their place; where a middle comes too close to a whole number to tell on which side it is, the number is read back.
 */

/** So many digits tell any float32 from all others. */
export const FLOAT_DIGITS = 9;

/** The least and the first too large number of so many digits. */
const LEAST_DIGITS = 10 ** (FLOAT_DIGITS - 1);
const BEYOND_DIGITS = 10 ** FLOAT_DIGITS;

/** More than the roundings of the scaling add up to, in units of the last digit. */
const MARGIN = 2 ** -20;

/** All powers of ten that are doubles exactly, so that a product or a quotient with one is rounded once. */
const exactPowers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const MANTISSA_BITS = 23;
const MANTISSA = 2 ** MANTISSA_BITS - 1;
const EXPONENT_BIAS = 127;

/** By the exponent in a float's bits: half the distance to the next float. Those of 0 are as far apart as those of 1. */
const halfSteps = Float64Array.from({ length: 255 }, (_, exponent) => {
  return 2 ** (Math.max(exponent, 1) - EXPONENT_BIAS - MANTISSA_BITS - 1);
});
/** By the exponent in a float's bits: the decimal exponent of the least such float. */
const decimalExponents = Int8Array.from({ length: 255 }, (_, exponent) => {
  return Math.floor(Math.log10(2 ** (exponent - EXPONENT_BIAS)));
});

/** The decimal exponent of the least float. */
const LEAST_EXPONENT = -45;
const GREATEST_EXPONENT = 38;
/** From the least exponent on: the power of ten that scales a number of that exponent. */
const scales = Float64Array.from({ length: GREATEST_EXPONENT - LEAST_EXPONENT + 1 }, (_, index) =>
  Number(`1e${FLOAT_DIGITS - 1 - LEAST_EXPONENT - index}`),
);

const powersOfTen = Int32Array.from({ length: FLOAT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
const fractionsOfTen = Float64Array.from({ length: FLOAT_DIGITS + 1 }, (_, exponent) => Number(`1e-${exponent}`));

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** A decimal number: digits × 10^(exponent - 8). */
export interface Decimal {
  /** A whole number of nine digits. */
  digits: number;
  /** How many of them there are up to the last that is not zero. */
  count: number;
  /** The decimal exponent of the first. */
  exponent: number;
}

/**
 * Finds the decimal with the fewest digits that `Math.fround(Number(text))` turns into the float again, of these the
 * one nearest to it. Takes an element and fills in an object, since V8 would make an object of each number that goes
 * in or out.
 *
 * @param floats whose element `index` is finite and not 0; its sign is not looked at
 */
export function findShortest(floats: Float32Array, index: number, decimal: Decimal): void {
  const value = Math.abs(floats[index] as number);
  float[0] = value;
  const bits = floatBits[0] as number;
  const binaryExponent = bits >>> MANTISSA_BITS;
  let exponent = binaryExponent === 0 ? Math.floor(Math.log10(value)) : (decimalExponents[binaryExponent] as number);
  let scale = scales[exponent - LEAST_EXPONENT] as number;
  if (value * scale >= BEYOND_DIGITS) {
    exponent += 1;
    scale = scales[exponent - LEAST_EXPONENT] as number;
  }
  const scaled = value * scale;
  const halfStep = (halfSteps[binaryExponent] as number) * scale;
  // Below a power of two floats are twice as dense; not below 2^-126, whose decimal is the same either way.
  const lower = scaled - ((bits & MANTISSA) === 0 ? halfStep / 2 : halfStep);
  const upper = scaled + halfStep;
  let least = Math.ceil(lower - MARGIN) | 0;
  let greatest = Math.floor(upper + MARGIN) | 0;
  if (least - lower < MARGIN && !readsBack(value, least, exponent)) least += 1;
  if (upper - greatest < MARGIN && !readsBack(value, greatest, exponent)) greatest -= 1;
  let dropped = 0;
  for (;;) {
    const tens = ((least + 9) / 10) | 0;
    const greatestTens = (greatest / 10) | 0;
    if (tens > greatestTens) break;
    least = tens;
    greatest = greatestTens;
    dropped += 1;
  }
  const nearest = (scaled * (fractionsOfTen[dropped] as number) + 0.5) | 0;
  const shortest = nearest < least ? least : nearest > greatest ? greatest : nearest;
  const digits = Math.imul(shortest, powersOfTen[dropped] as number);
  // 999999999 and a little may have become a power of ten, which has a digit more.
  const isPower = digits === BEYOND_DIGITS;
  decimal.digits = isPower ? LEAST_DIGITS : digits;
  decimal.count = isPower ? 1 : FLOAT_DIGITS - dropped;
  decimal.exponent = isPower ? exponent + 1 : exponent;
}

/** Whether digits with this exponent are the value, for whoever reads them. */
function readsBack(value: number, digits: number, exponent: number): boolean {
  const zeros = exponent - FLOAT_DIGITS + 1;
  const power = exactPowers[Math.abs(zeros)];
  if (power === undefined) return Math.fround(Number(`${digits}e${zeros}`)) === value;
  return Math.fround(zeros < 0 ? digits / power : digits * power) === value;
}
