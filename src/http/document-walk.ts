import { MAX_CONTAINERS } from '../core/nesting.js';
import type { NumberReader, ReadArray } from '../tensor/number-reader.js';
import { COMMA } from '../tensor/number-text.js';
import { CLOSE_BRACE, CLOSE_BRACKET, JsonCursor, OPEN_BRACE, OPEN_BRACKET } from './json-cursor.js';

/** Arrays of fewer bytes stay in the text: to cut them out costs more than it saves. */
const SHORT_ARRAY = 64;

/** A document is given up when so many of its first members are no long arrays of numbers. */
const PATIENCE = 16;

/** A part of a document, by the keys and places that lead to it. */
export type Path = readonly (string | number)[];

/** A piece of the text that is an array of numbers, or a list of such. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly path: Path;
  readonly numbers: ReadArray | readonly ReadArray[];
}

/** An object that arrays may be cut out of, and how many members its text has, those of the same key counted each. */
export interface WalkedObject {
  readonly path: Path;
  members: number;
}

/**
 * Walks through the text of a request and reads the arrays of numbers where tensors stand: in the value of `input`, in
 * the elements of `inputs`, and in the members of both. It gives up where anything is unusual, such as a quote in a
 * string or lists of different kinds of items. On a text that is no JSON it may go wrong, on others it does not.
 */
export class DocumentWalk {
  readonly cuts: Cut[] = [];
  /** The outer before those in it. */
  readonly objects: WalkedObject[] = [];
  readonly #cursor: JsonCursor;
  readonly #reader: NumberReader;
  readonly #tensorMember: string | undefined;
  /** The members that were gone over. */
  #members = 0;

  /**
   * @param body a text that ends with a closing brace, space aside
   * @param reader of this text
   * @param tensorMember the only member of an item that holds a tensor; undefined if all may
   */
  constructor(body: Buffer, reader: NumberReader, tensorMember?: string) {
    this.#cursor = new JsonCursor(body);
    this.#reader = reader;
    this.#tensorMember = tensorMember;
  }

  /**
   * Walks through the whole text, once.
   *
   * @param end the place of the closing brace that only space follows
   * @returns false if it gave up, or found nothing to cut out
   */
  walk(end: number): boolean {
    const cursor = this.#cursor;
    const isObject = cursor.skipSpace() === OPEN_BRACE && this.#object([], () => this.#topMember());
    return isObject && cursor.at === end + 1 && this.cuts.length > 0 && this.#isWithinLimits();
  }

  #topMember(): boolean {
    const cursor = this.#cursor;
    const byte = cursor.bytes[cursor.at];
    switch (cursor.key()) {
      case 'input':
        return byte === OPEN_BRACE ? this.#item(['input']) : this.#numbers(() => ['input']);
      case 'inputs':
        return byte === OPEN_BRACKET && this.#list();
      default:
        return cursor.skipValue();
    }
  }

  #list(): boolean {
    const cursor = this.#cursor;
    const from = cursor.at;
    cursor.containers += 1;
    let byte = cursor.step();
    if (byte === OPEN_BRACKET) return this.#numberList(from);
    for (let index = 0; byte === OPEN_BRACE; index += 1) {
      if (!this.#item(['inputs', index])) return false;
      byte = cursor.stepOverComma();
    }
    cursor.at += 1;
    return byte === CLOSE_BRACKET;
  }

  /** A list of nothing but arrays of numbers is cut out as a whole, and so must be JSON to the last byte. */
  #numberList(from: number): boolean {
    const cursor = this.#cursor;
    const numbers: ReadArray[] = [];
    let byte: number | undefined;
    do {
      const read = this.#read();
      if (read === undefined || !this.#isWithinLimits()) return false;
      numbers.push(read);
      byte = cursor.skipSpace();
      cursor.step();
    } while (byte === COMMA);
    this.cuts.push({ from, to: cursor.at, path: ['inputs'], numbers });
    return byte === CLOSE_BRACKET;
  }

  #item(path: Path): boolean {
    const cursor = this.#cursor;
    return this.#object(path, () => {
      if (this.#reader.rankAt(cursor.at) === 0) return cursor.skipValue();
      if (this.#tensorMember !== undefined && this.#tensorMember !== cursor.key()) return cursor.skipValue();
      return this.#numbers(() => [...path, cursor.key()]);
    });
  }

  /** Reads an array of numbers, and notes where it stands if it is worth it. */
  #numbers(pathOf: () => Path): boolean {
    const cursor = this.#cursor;
    const from = cursor.at;
    const numbers = this.#read();
    if (numbers === undefined) return false;
    if (cursor.at - from >= SHORT_ARRAY) this.cuts.push({ from, to: cursor.at, path: pathOf(), numbers });
    return true;
  }

  /** Reads an array of numbers and goes behind it. */
  #read(): ReadArray | undefined {
    const cursor = this.#cursor;
    const rank = this.#reader.rankAt(cursor.at);
    const read = rank === 0 ? undefined : this.#reader.read(cursor.at, rank);
    if (read !== undefined) cursor.at = read.end;
    return read;
  }

  /** Goes over an object; `skipValue` goes over the value of each member. */
  #object(path: Path, skipValue: () => boolean): boolean {
    const cursor = this.#cursor;
    const object = { path, members: 0 };
    this.objects.push(object);
    cursor.containers += 1;
    if (!this.#isWithinLimits()) return false;
    let byte = cursor.step();
    while (byte !== CLOSE_BRACE) {
      if (!cursor.skipKey() || !skipValue()) return false;
      object.members += 1;
      this.#members += 1;
      if (this.#members >= PATIENCE && this.cuts.length === 0) return false;
      byte = cursor.stepOverComma();
    }
    cursor.at += 1;
    return true;
  }

  /** Whether there are no more arrays and objects than a document may hold. */
  #isWithinLimits(): boolean {
    return this.#cursor.containers + this.#reader.containers <= MAX_CONTAINERS;
  }
}
