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

const decimal: Decimal = { digits: 0, exponent: 0 };

/** Floats, and memory that they are written into. The fields are plain: V8 would take longer for private ones. */
export interface FloatText {
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly words: DataView;
  /** Where the text goes on. */
  at: number;
  readonly floats: Float32Array;
}

/** @param bytes memory for the text; what is in it may be anything */
export function floatTextIn(bytes: Buffer, floats: Float32Array): FloatText {
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0, floats };
}

const single = floatTextIn(Buffer.alloc(FLOAT_BYTES), new Float32Array(1));

/**
 * A finite float32 as a JSON number: the shortest decimal that reads back as the same float32, laid out as JavaScript
 * lays out numbers; -0 keeps its sign.
 */
export function floatText(value: number): string {
  single.at = 0;
  single.floats[0] = value;
  writeFloat(single, 0);
  return single.bytes.toString('latin1', 0, single.at);
}

/** Writes what `floatText` gives for an element; there must be room for FLOAT_BYTES. */
export function writeFloat(text: FloatText, index: number): void {
  const { bytes, floats } = text;
  const value = floats[index] as number;
  if (value < 0 || Object.is(value, -0)) {
    bytes[text.at] = MINUS;
    text.at += 1;
  }
  const magnitude = Math.abs(value);
  if (magnitude < WHOLE_FLOATS && (magnitude | 0) === magnitude) {
    text.at = writeWhole(bytes, text.at, magnitude | 0);
    return;
  }
  findShortest(floats, index, decimal);
  const { exponent } = decimal;
  if (exponent < LEAST_PLAIN || exponent > GREATEST_PLAIN) text.at = writeWithExponent(text);
  else text.at = exponent < 0 ? writeFraction(text) : writeMixed(text);
}

function writeWhole(bytes: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits += 1;
  let rest = value;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const tens = (rest / 10) | 0;
    bytes[place] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return at + digits;
}

/** 0.00123: zeros up to the first digit. */
function writeFraction(text: FloatText): number {
  const { bytes, at } = text;
  bytes[at] = ZERO;
  bytes[at + 1] = POINT;
  let next = at + 2;
  for (let exponent = decimal.exponent; exponent < -1; exponent += 1) {
    bytes[next] = ZERO;
    next += 1;
  }
  return writeDigits(text, next);
}

/** 12.34, or 1234000000 where no digit is left for behind the point. */
function writeMixed(text: FloatText): number {
  const { bytes, at } = text;
  const point = at + decimal.exponent + 1;
  const end = writeDigits(text, at + 1);
  if (end > point + 1) {
    // The digits before the point go where they belong, one place to the left.
    for (let place = at; place < point; place += 1) bytes[place] = bytes[place + 1] as number;
    bytes[point] = POINT;
    return end;
  }
  writeDigits(text, at);
  for (let place = at + FLOAT_DIGITS; place < point; place += 1) bytes[place] = ZERO;
  return point;
}

/** 1.23e-9 or 1e+21. */
function writeWithExponent(text: FloatText): number {
  const { bytes, words, at } = text;
  const end = writeDigits(text, at + 1);
  bytes[at] = bytes[at + 1] as number;
  bytes[at + 1] = POINT;
  const { exponent } = decimal;
  const size = Math.abs(exponent);
  let next = end === at + 2 ? at + 1 : end;
  bytes[next] = LETTER_E;
  bytes[next + 1] = exponent < 0 ? MINUS : PLUS;
  next += 2;
  if (size < 10) {
    bytes[next] = ZERO + size;
    return next + 1;
  }
  words.setUint16(next, pairs[size] as number);
  return next + 2;
}

/** Writes nine digits; gives the place behind the last one that is not zero. */
function writeDigits({ bytes, words }: FloatText, at: number): number {
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
  let end = at + FLOAT_DIGITS;
  while (bytes[end - 1] === ZERO) end -= 1;
  return end;
}
