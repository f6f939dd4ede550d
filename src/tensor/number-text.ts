import { isDigit, isExponent, restOfNumber } from './long-number.js';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** A double holds every whole number of so many digits. */
const EXACT_DIGITS = 15;

const powersOfTen = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * So many numbers are read in one call. V8 compiles a function for its calls only when it is called often; one that
 * runs through a whole array is entered in the middle of its loop each time, at the price of a hundred numbers.
 */
const NUMBERS_PER_CALL = 32;

/**
 * A text that numbers are read from, and the numbers. The fields are plain and the reading is one loop, since V8 would
 * take twice the time for private fields, or for a function that gives one number.
 */
export interface NumberText {
  /** At its end stands what is in no array of numbers, such as `}`, so that no read goes beyond it. */
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly words: DataView;
  /** Where the reading stands. */
  at: number;
  /** The numbers that were read, and room for more. */
  values: Float64Array;
  count: number;
}

/**
 * Reads JSON numbers from `text.at` on, up to the bracket that closes their array or as many as one call reads. Each
 * becomes the double nearest to it, which is what JSON.parse gives. Up to 15 digits are one whole number, exact in a
 * double, and one division by an exact power of ten, which rounds once (W. D. Clinger, "How to read floating point
 * numbers accurately", 1990).
 *
 * @returns the byte behind the last number, `text.at` being behind that: a comma if there is more to read, or what
 *   ended the numbers; 0 where something is no number, and the text of no more use
 */
export function readNumbers(text: NumberText): number {
  const { bytes, words } = text;
  const lastWord = bytes.length - 4;
  let { at, values, count } = text;
  let left = NUMBERS_PER_CALL;
  for (;;) {
    let byte = bytes[at] as number;
    // 1 for a minus, which stands before the digits in ASCII. No branch: it would be guessed wrong half the time.
    const minus = (byte - ZERO) >>> 31;
    if (Math.imul(minus, byte - MINUS) !== 0) return 0;
    at += minus;
    byte = bytes[at] as number;
    if (!isDigit(byte)) return 0;
    const start = at;
    let digits = byte - ZERO;
    at += 1;
    byte = bytes[at] as number;
    // A zero in front stands alone: a digit behind it is nothing that may follow a number.
    while (digits !== 0 && isDigit(byte)) {
      digits = digits * 10 + (byte - ZERO);
      at += 1;
      byte = bytes[at] as number;
    }
    let value = digits;
    let isLong = at - start > EXACT_DIGITS;
    let decimals = 0;
    if (byte === POINT) {
      at += 1;
      byte = bytes[at] as number;
      if (!isDigit(byte)) return 0;
      const point = at;
      const end = start + EXACT_DIGITS + 1;
      while (at <= end - 4 && at <= lastWord) {
        // Four bytes at a time. A digit's upper half is 3, also with 6 added; no other byte's is both times.
        const word = words.getInt32(at, true);
        if ((word & (word + 0x0606_0606) & 0xf0f0_f0f0) !== 0x3030_3030) break;
        // The first byte is the lowest. Neighbours are put together, then the pairs.
        const pairs = (Math.imul(word & 0x0f0f_0f0f, (10 << 8) + 1) >>> 8) & 0x00ff_00ff;
        digits = digits * 10_000 + (Math.imul(pairs, (100 << 16) + 1) >>> 16);
        at += 4;
      }
      byte = bytes[at] as number;
      while (isDigit(byte) && at < end) {
        digits = digits * 10 + (byte - ZERO);
        at += 1;
        byte = bytes[at] as number;
      }
      decimals = at - point;
      value = digits / (powersOfTen[decimals] as number);
      isLong = isDigit(byte);
    }
    if (isLong || isExponent(byte)) {
      text.at = at;
      value = restOfNumber(text, start, { head: digits, decimals });
      if (Number.isNaN(value)) return 0;
      at = text.at;
      byte = bytes[at] as number;
    }
    if (count === values.length) values = doubled(text);
    values[count] = value * (1 - 2 * minus);
    count += 1;
    if (byte <= SPACE) {
      at = afterSpace(bytes, at);
      byte = bytes[at] as number;
    }
    at += 1;
    left -= 1;
    if (byte === COMMA) {
      if ((bytes[at] as number) <= SPACE) at = afterSpace(bytes, at);
      if (left > 0) continue;
    }
    text.at = at;
    text.count = count;
    return byte;
  }
}

/** The next place where no space stands. */
export function afterSpace(bytes: Buffer, at: number): number {
  let next = at;
  let byte = bytes[next];
  while (byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB) {
    next += 1;
    byte = bytes[next];
  }
  return next;
}

/** Makes room for as many numbers again. */
function doubled(text: NumberText): Float64Array {
  const values = new Float64Array(2 * text.values.length);
  values.set(text.values);
  text.values = values;
  return values;
}
