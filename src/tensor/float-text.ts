import { type Decimal, FLOAT_DIGITS, findShortest } from './shortest-float.js';

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;

/** Up to here every whole number is a float32, so that none can do with fewer digits. */
const WHOLE_FLOATS = 2 ** 24;

/** Numbers of other decimal exponents are written with one, as in JavaScript. */
const LEAST_PLAIN = -6;
const GREATEST_PLAIN = 20;

/** What a float takes at most, with what is written beyond its end: a sign, 0.000000 and nine digits. */
export const FLOAT_BYTES = 24;

/** Each number below 100 as two digits. */
const pairs = Uint16Array.from({ length: 100 }, (_, number) => {
  return ((ZERO + Math.floor(number / 10)) << 8) | (ZERO + (number % 10));
});

const decimal: Decimal = { digits: 0, count: 0, exponent: 0 };

/** Floats, and memory that they are written into. */
export interface FloatText {
  readonly floats: Float32Array;
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly words: DataView;
}

/** @param bytes memory for the text; what is in it may be anything */
export function floatTextIn(bytes: Buffer, floats: Float32Array): FloatText {
  return { floats, bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

const single = floatTextIn(Buffer.alloc(FLOAT_BYTES), new Float32Array(1));

/**
 * A finite float32 as a JSON number: the shortest decimal that reads back as the same float32, laid out as JavaScript
 * lays out numbers. -0 is -0.0: programs that tell whole numbers from others read -0 as the whole number 0.
 */
export function floatText(value: number): string {
  single.floats[0] = value;
  return single.bytes.toString('latin1', 0, writeFloat(single, 0, 0));
}

/**
 * Writes what `floatText` gives for an element.
 *
 * @param at a place with room for FLOAT_BYTES
 * @returns the place behind the number
 */
export function writeFloat(text: FloatText, index: number, at: number): number {
  const value = text.floats[index] as number;
  const magnitude = Math.abs(value);
  // Written in any case: whether a number is negative is hard to foresee.
  text.bytes[at] = MINUS;
  const next = value < 0 || Object.is(value, -0) ? at + 1 : at;
  if (magnitude < WHOLE_FLOATS && (magnitude | 0) === magnitude) {
    const end = writeWhole(text.bytes, next, magnitude | 0);
    return magnitude === 0 && next > at ? writeDecimalZero(text.bytes, end) : end;
  }
  findShortest(text.floats, index, decimal);
  const { exponent } = decimal;
  if (exponent < LEAST_PLAIN || exponent > GREATEST_PLAIN) return writeWithExponent(text, next);
  return exponent < 0 ? writeFraction(text, next) : writeMixed(text, next);
}

function writeWhole(bytes: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let power = 10; power <= value; power *= 10) end += 1;
  let rest = value;
  for (let place = end - 1; place >= at; place -= 1) {
    const tens = (rest / 10) | 0;
    bytes[place] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return end;
}

function writeDecimalZero(bytes: Buffer, at: number): number {
  bytes[at] = POINT;
  bytes[at + 1] = ZERO;
  return at + 2;
}

/** 0.00123. As many zeros as there may be are written, and the digits over those that there are not. */
function writeFraction(text: FloatText, at: number): number {
  const first = at + 1 - decimal.exponent;
  text.words.setUint32(at, 0x302e_3030);
  text.words.setUint32(at + 4, 0x3030_3030);
  writeDigits(text, first);
  return first + decimal.count;
}

/** 12.34, or 1234000000 where no digit is left for behind the point. */
function writeMixed(text: FloatText, at: number): number {
  const { bytes } = text;
  const { count, exponent } = decimal;
  const point = at + exponent + 1;
  if (count <= exponent + 1) {
    writeDigits(text, at);
    for (let place = at + FLOAT_DIGITS; place < point; place += 1) bytes[place] = ZERO;
    return point;
  }
  writeDigits(text, at + 1);
  // The digits before the point go where they belong, one place to the left.
  for (let place = at; place < point; place += 1) bytes[place] = bytes[place + 1] as number;
  bytes[point] = POINT;
  return at + 1 + count;
}

/** 1.23e-9 or 1e+21. */
function writeWithExponent(text: FloatText, at: number): number {
  const { bytes, words } = text;
  const { count, exponent } = decimal;
  writeDigits(text, at + 1);
  bytes[at] = bytes[at + 1] as number;
  bytes[at + 1] = POINT;
  const next = count === 1 ? at + 1 : at + 1 + count;
  bytes[next] = LETTER_E;
  bytes[next + 1] = exponent < 0 ? MINUS : PLUS;
  const size = Math.abs(exponent);
  if (size < 10) {
    bytes[next + 2] = ZERO + size;
    return next + 3;
  }
  words.setUint16(next + 2, pairs[size] as number);
  return next + 4;
}

/** Writes all nine digits. */
function writeDigits({ bytes, words }: FloatText, at: number): void {
  const { digits } = decimal;
  const first = (digits / 1e8) | 0;
  const eight = digits - first * 1e8;
  const upper = (eight / 1e4) | 0;
  const lower = eight - upper * 1e4;
  const upperPair = (upper / 100) | 0;
  const lowerPair = (lower / 100) | 0;
  bytes[at] = ZERO + first;
  words.setUint16(at + 1, pairs[upperPair] as number);
  words.setUint16(at + 3, pairs[upper - upperPair * 100] as number);
  words.setUint16(at + 5, pairs[lowerPair] as number);
  words.setUint16(at + 7, pairs[lower - lowerPair * 100] as number);
}
