const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

const WHOLE = /^-?\d+$/;

/**
 * Reads JSON with every digit of its integers: those that a double does not hold come as BigInt. JSON.parse would have
 * rounded them, and tells their text only on newer versions of Node than the oldest that this runs on.
 *
 * @param json a text that JSON.parse takes: what is no JSON is not noticed here
 */
export function parseExactly(json: string): unknown {
  return new ExactReader(json).value();
}

class ExactReader {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  value(): unknown {
    switch (this.#next()) {
      case OPEN_BRACKET:
        return this.#array();
      case OPEN_BRACE:
        return this.#object();
      case QUOTE:
        return this.#string();
      default:
        return this.#word();
    }
  }

  /** The next byte that is no space. */
  #next(): number {
    while (this.#json.charCodeAt(this.#at) <= SPACE) this.#at += 1;
    return this.#json.charCodeAt(this.#at);
  }

  #array(): unknown[] {
    const values: unknown[] = [];
    this.#at += 1;
    while (this.#next() !== CLOSE_BRACKET) {
      values.push(this.value());
      if (this.#next() === COMMA) this.#at += 1;
    }
    this.#at += 1;
    return values;
  }

  #object(): object {
    const members: [string, unknown][] = [];
    this.#at += 1;
    while (this.#next() !== CLOSE_BRACE) {
      const key = this.#string();
      if (this.#next() === COLON) this.#at += 1;
      members.push([key, this.value()]);
      if (this.#next() === COMMA) this.#at += 1;
    }
    this.#at += 1;
    // As with JSON.parse, of two members with one key the last counts, and a key is never a setter.
    return Object.fromEntries(members);
  }

  #string(): string {
    const from = this.#at;
    for (this.#at += 1; this.#json.charCodeAt(this.#at) !== QUOTE; this.#at += 1) {
      if (this.#json.charCodeAt(this.#at) === BACKSLASH) this.#at += 1;
    }
    this.#at += 1;
    return JSON.parse(this.#json.slice(from, this.#at)) as string;
  }

  /** A number, true, false or null. */
  #word(): unknown {
    const from = this.#at;
    while (!isEnd(this.#json.charCodeAt(this.#at))) this.#at += 1;
    const text = this.#json.slice(from, this.#at);
    const value = JSON.parse(text) as unknown;
    return typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE.test(text) ? BigInt(text) : value;
  }
}

/** Whether a word ends before this byte; NaN stands for the end of the text. */
function isEnd(byte: number): boolean {
  return Number.isNaN(byte) || byte <= SPACE || byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE;
}
