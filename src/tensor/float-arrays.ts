import { FLOAT_BYTES, type FloatText, floatTextIn, writeFloat } from './float-text.js';

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Text is written into this memory and made a string when it is full, or ready. */
const memory = Buffer.alloc(65_536);

/** So many floats are written in one call, as V8 compiles a function for its calls only when it is called often. */
const FLOATS_PER_CALL = 64;

/** Beyond this place there may be no room for what one call writes, each float with a comma. */
const FULL = memory.length - FLOATS_PER_CALL * (FLOAT_BYTES + 1) - 1;

/**
 * The floats of a tensor as nested JSON arrays, each float as `floatText` gives it.
 *
 * @param shape an empty one gives a plain number
 * @returns undefined if a float is not finite, which JSON cannot say
 */
export function floatArraysText(data: Float32Array, shape: readonly number[]): string | undefined {
  return new FloatArrays(data, shape).text();
}

class FloatArrays {
  readonly #shape: readonly number[];
  readonly #written: FloatText;
  /** What was written and is no longer in the memory. */
  #before = '';
  /** Where the text goes on in the memory. */
  #at = 0;
  /** The float that is written next. */
  #next = 0;

  constructor(floats: Float32Array, shape: readonly number[]) {
    this.#shape = shape;
    this.#written = floatTextIn(memory, floats);
  }

  text(): string | undefined {
    const isFinite = this.#shape.length === 0 ? this.#floats(1) : this.#array(0);
    return isFinite ? this.#before + memory.toString('latin1', 0, this.#at) : undefined;
  }

  #array(axis: number): boolean {
    const length = this.#shape[axis] as number;
    const isInnermost = axis === this.#shape.length - 1;
    const step = isInnermost ? FLOATS_PER_CALL : 1;
    this.#byte(OPEN_BRACKET);
    for (let index = 0; index < length; index += step) {
      if (index > 0) this.#byte(COMMA);
      const isFinite = isInnermost ? this.#floats(Math.min(step, length - index)) : this.#array(axis + 1);
      if (!isFinite) return false;
    }
    this.#byte(CLOSE_BRACKET);
    return true;
  }

  /** Writes floats with commas between them; tells whether they are finite. */
  #floats(count: number): boolean {
    this.#makeRoom();
    const written = this.#written;
    const { floats } = written;
    const end = this.#next + count;
    let at = this.#at;
    for (let index = this.#next; index < end; index += 1) {
      if (!Number.isFinite(floats[index])) return false;
      at = writeFloat(written, index, at);
      memory[at] = COMMA;
      at += 1;
    }
    // What stands behind the last one is written over.
    this.#at = at - 1;
    this.#next = end;
    return true;
  }

  #byte(byte: number): void {
    this.#makeRoom();
    memory[this.#at] = byte;
    this.#at += 1;
  }

  #makeRoom(): void {
    if (this.#at <= FULL) return;
    this.#before += memory.toString('latin1', 0, this.#at);
    this.#at = 0;
  }
}
