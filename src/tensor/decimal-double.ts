/*
 * From a decimal number to the nearest double where one multiplication or division would round twice: more digits than
 * a double holds, or an exponent. Powers of ten are held as sums of two doubles, 106 bits, and multiplied so (T. J.
 * Dekker, "A floating-point technique for extending the available precision", 1971). What is left of the error is
 * bounded: either the bound shows that the result is the nearest double, or there is no result.
 */

/** The powers of ten that are held. Within them no product comes near the ends of a double's range. */
const LEAST_EXPONENT = -60;
const GREATEST_EXPONENT = 40;

/** Shifts every power that is held, and its error far beyond the 53 bits that count, to whole numbers. */
const SHIFT = 400;

const powers = new Float64Array(GREATEST_EXPONENT - LEAST_EXPONENT + 1);
/** What the true power is beyond the double of `powers`. */
const remainders = new Float64Array(powers.length);
for (let index = 0; index < powers.length; index += 1) {
  const exponent = index + LEAST_EXPONENT;
  const power = Number(`1e${exponent}`);
  const one = 1n << BigInt(SHIFT);
  const exact = exponent < 0 ? one / 10n ** BigInt(-exponent) : one * 10n ** BigInt(exponent);
  powers[index] = power;
  remainders[index] = Number(exact - BigInt(power * 2 ** SHIFT)) / 2 ** SHIFT;
}

/** Of the larger part and of the smaller: far more than all the roundings below add up to. */
const ERROR_OF_HEAD = 2 ** -102;
const ERROR_OF_TAIL = 2 ** -50;

/** Cuts a double's 53 bits into two halves (Veltkamp). */
const SPLITTER = 2 ** 27 + 1;

/** A decimal number in two parts: (head × 10^tailDigits + tail) × 10^exponent. */
export interface LongDecimal {
  /** A whole number, not negative, that a double holds exactly. */
  readonly head: number;
  /** Another, of `tailDigits` digits. */
  readonly tail: number;
  readonly tailDigits: number;
  readonly exponent: number;
}

/**
 * The double nearest to a decimal number.
 *
 * @returns NaN where it cannot be told which one is nearest, and for exponents beyond those that are held
 */
export function nearestDouble({ head, tail, tailDigits, exponent }: LongDecimal): number {
  const headExponent = exponent + tailDigits;
  if (!(exponent >= LEAST_EXPONENT && headExponent <= GREATEST_EXPONENT)) return Number.NaN;
  const index = headExponent - LEAST_EXPONENT;
  const power = powers[index] as number;
  const product = head * power;
  const scaledHead = SPLITTER * head;
  const upperHead = scaledHead - (scaledHead - head);
  const lowerHead = head - upperHead;
  const scaledPower = SPLITTER * power;
  const upperPower = scaledPower - (scaledPower - power);
  const lowerPower = power - upperPower;
  // Exactly what the product lost to rounding.
  const lost =
    upperHead * upperPower - product + upperHead * lowerPower + lowerHead * upperPower + lowerHead * lowerPower;
  const scaledTail = tail * (powers[exponent - LEAST_EXPONENT] as number);
  const rest = lost + (head * (remainders[index] as number) + scaledTail);
  const error = product * ERROR_OF_HEAD + scaledTail * ERROR_OF_TAIL;
  const nearest = product + (rest - error);
  return nearest === product + (rest + error) ? nearest : Number.NaN;
}
