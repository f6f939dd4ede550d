import { isDigit } from './long-number.js';
import { afterSpace, COMMA, MINUS, type NumberText, readNumbers } from './number-text.js';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Deeper arrays are none that a tensor comes in. */
const MAX_RANK = 32;

/** Memory for so many numbers, 512 KiB, is kept from text to text. */
const KEPT_NUMBERS = 65_536;
let kept: Float64Array | undefined;

/** An array that was read. */
export interface ReadArray {
  /** Where the text goes on behind it. */
  readonly end: number;
  readonly shape: readonly number[];
  /** Its numbers among all that were read. */
  readonly first: number;
  readonly last: number;
}

/**
 * Reads arrays of numbers out of a JSON text, each number as the very double that JSON.parse makes of it. The arrays
 * must be dense: those of one level equally long and not empty, with nothing but numbers at the innermost.
 */
export class NumberReader {
  readonly #text: NumberText;
  #containers = 0;
  /** Of the array that is being read; -1 for lengths that are not known yet. */
  #shape: number[] = [];

  /** @param bytes a text that ends with what stands in no array of numbers, such as `}`: no read goes beyond it */
  constructor(bytes: Buffer) {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = { bytes, words, at: 0, values: kept ?? new Float64Array(KEPT_NUMBERS), count: 0 };
    // Two readers at a time must not write into the same memory.
    kept = undefined;
  }

  /** How many arrays were read, counting those in others. */
  get containers(): number {
    return this.#containers;
  }

  /** How many arrays open at a place, each in the one before, until a number comes; 0 where none comes. */
  rankAt(at: number): number {
    const { bytes } = this.#text;
    let rank = 0;
    let next = at;
    while (bytes[next] === OPEN_BRACKET) {
      rank += 1;
      next = afterSpace(bytes, next + 1);
    }
    const byte = bytes[next] as number;
    return (byte === MINUS || isDigit(byte)) && rank <= MAX_RANK ? rank : 0;
  }

  /**
   * Reads the array that opens at a place.
   *
   * @param rank how deep it nests, which `rankAt` tells
   * @returns undefined where it is no dense array of numbers of that rank, or no JSON
   */
  read(at: number, rank: number): ReadArray | undefined {
    const shape = new Array<number>(rank).fill(-1);
    const text = this.#text;
    const first = text.count;
    text.at = at;
    this.#shape = shape;
    return this.#array(0) ? { end: text.at, shape, first, last: text.count } : undefined;
  }

  /** All the numbers that were read, in memory of their own. */
  take(): Float64Array {
    const { values, count } = this.#text;
    return values.length > KEPT_NUMBERS ? values.subarray(0, count) : values.slice(0, count);
  }

  /** Ends the reading. */
  close(): void {
    if (this.#text.values.length === KEPT_NUMBERS) kept = this.#text.values;
    this.#text.values = new Float64Array();
  }

  /** Reads the array at `text.at`, and goes behind it. */
  #array(axis: number): boolean {
    const text = this.#text;
    if (text.bytes[text.at] !== OPEN_BRACKET) return false;
    this.#containers += 1;
    text.at = afterSpace(text.bytes, text.at + 1);
    if (axis < this.#shape.length - 1) return this.#arrays(axis);
    const before = text.count;
    let byte: number;
    do byte = readNumbers(text);
    while (byte === COMMA);
    return byte === CLOSE_BRACKET && this.#isLength(axis, text.count - before);
  }

  /** Reads arrays up to the bracket that closes the one they stand in. */
  #arrays(axis: number): boolean {
    const text = this.#text;
    const { bytes } = text;
    for (let length = 1; this.#array(axis + 1); length += 1) {
      const at = afterSpace(bytes, text.at);
      const byte = bytes[at];
      if (byte === COMMA) text.at = afterSpace(bytes, at + 1);
      else {
        text.at = at + 1;
        return byte === CLOSE_BRACKET && this.#isLength(axis, length);
      }
    }
    return false;
  }

  /** Whether an array is as long as those before it at its level; the first one says how long they are. */
  #isLength(axis: number, length: number): boolean {
    if (this.#shape[axis] === -1) this.#shape[axis] = length;
    return this.#shape[axis] === length;
  }
}
