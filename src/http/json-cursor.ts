import { MAX_NESTING } from '../core/nesting.js';
import { afterSpace, COMMA } from '../tensor/number-text.js';

const QUOTE = 0x22;
const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** So deep may anything nest that the cursor goes over; it is used for what stands at most three levels deep. */
const MAX_DEPTH = MAX_NESTING - 3;

/** Longer keys are not expected. */
const MAX_KEY_BYTES = 256;

/**
 * Goes over the bytes of a JSON text. It understands of JSON what it takes to know what stands in a string and what
 * does not; at anything unusual it stops, and whether the rest is JSON is not its business.
 */
export class JsonCursor {
  at = 0;
  readonly bytes: Buffer;
  /** The arrays and objects that it went over. */
  containers = 0;
  #keyFrom = 0;
  #keyTo = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Goes over space; gives the byte behind it. */
  skipSpace(): number | undefined {
    this.at = afterSpace(this.bytes, this.at);
    return this.bytes[this.at];
  }

  /** Goes over one byte and the space behind it; gives the byte behind that. */
  step(): number | undefined {
    this.at += 1;
    return this.skipSpace();
  }

  /** Goes over the comma behind an element or a member, if there is one; gives the byte that comes then. */
  stepOverComma(): number | undefined {
    return this.skipSpace() === COMMA ? this.step() : this.bytes[this.at];
  }

  /** Goes over a member's key and colon; false where none stands, or one that is very long or has escapes. */
  skipKey(): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== QUOTE) return false;
    const from = this.at + 1;
    const limit = Math.min(from + MAX_KEY_BYTES, bytes.length);
    let at = from;
    while (at < limit && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at += 1;
    if (at === limit || bytes[at] !== QUOTE) return false;
    this.#keyFrom = from;
    this.#keyTo = at;
    this.at = at + 1;
    if (this.skipSpace() !== COLON) return false;
    this.step();
    return true;
  }

  /** The key that it went over last. */
  key(): string {
    return this.bytes.toString('utf8', this.#keyFrom, this.#keyTo);
  }

  /** Goes over a value, up to the comma or the bracket behind it; false where that cannot be told. */
  skipValue(): boolean {
    const { bytes } = this;
    let depth = 0;
    for (let at = this.at; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.at = at;
        if (!this.#skipString()) return false;
        at = this.at - 1;
      } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
        depth += 1;
        this.containers += 1;
        if (depth > MAX_DEPTH) return false;
      } else if (depth > 0) {
        if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
      } else if (byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
        this.at = at;
        return true;
      }
    }
    return false;
  }

  /** Goes over a string, unless a quote in it is escaped or might be. */
  #skipString(): boolean {
    const end = this.bytes.indexOf(QUOTE, this.at + 1);
    this.at = end + 1;
    return end !== -1 && this.bytes[end - 1] !== BACKSLASH;
  }
}
