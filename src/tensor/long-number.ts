import { nearestDouble } from './decimal-double.js';

const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const LETTER_E = 0x65;
/** Between a small letter and its capital. */
const CASE_BIT = 0x20;

/** So many more digits are one more whole number that a double holds. */
const MAX_TAIL_DIGITS = 15;

/**
 * Reads what is left of a JSON number, without its sign, when it has more digits than a double holds or an exponent;
 * `text.at` is before that, and behind the number afterwards.
 *
 * @param start where the number begins
 * @param begun its digits so far as one whole number, and how many of them are decimals
 * @returns the nearest double; NaN where no JSON number stands
 */
export function restOfNumber(
  text: { readonly bytes: Buffer; at: number },
  start: number,
  { head, decimals }: { head: number; decimals: number },
): number {
  const { bytes } = text;
  let { at } = text;
  let byte = bytes[at] as number;
  let tail = 0;
  while (isDigit(byte)) {
    tail = tail * 10 + (byte - ZERO);
    at += 1;
    byte = bytes[at] as number;
  }
  const tailDigits = at - text.at;
  let exponent = 0;
  if (isExponent(byte)) {
    at += 1;
    const sign = bytes[at] as number;
    if (sign === PLUS || sign === MINUS) at += 1;
    byte = bytes[at] as number;
    if (!isDigit(byte)) return Number.NaN;
    while (isDigit(byte)) {
      exponent = exponent * 10 + (byte - ZERO);
      at += 1;
      byte = bytes[at] as number;
    }
    if (sign === MINUS) exponent = -exponent;
  }
  text.at = at;
  if (head <= Number.MAX_SAFE_INTEGER && tailDigits <= MAX_TAIL_DIGITS) {
    const value = nearestDouble({ head, tail, tailDigits, exponent: exponent - decimals - tailDigits });
    if (!Number.isNaN(value)) return value;
  }
  return Number(bytes.toString('latin1', start, at));
}

/** One comparison, as what stands before the digits becomes a very large number. */
export function isDigit(byte: number): boolean {
  return (byte - ZERO) >>> 0 < 10;
}

export function isExponent(byte: number): boolean {
  return (byte | CASE_BIT) === LETTER_E;
}
