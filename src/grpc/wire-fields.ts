import protobuf, { type Reader } from 'protobufjs';
import { MillraceError } from '../core/errors.js';

/** How texts, bytes, messages and numbers side by side are written: their length comes first. */
export const LENGTH_DELIMITED = 2;

/** Inputs, outputs, parameters, dimensions: each becomes an object here, and has two bytes in a message. */
const MOST_ENTRIES = 4_096;

/** Reads the value of a field that it knows; false for one that it does not, which is skipped then. */
export type FieldVisitor = (field: number, wireType: number, reader: Reader) => boolean;

/**
 * Goes through the fields of a message in the order of its bytes.
 *
 * @throws Error if the bytes are no message
 */
export function readMessage(bytes: Uint8Array, visit: FieldVisitor): void {
  readFields(protobuf.Reader.create(bytes), visit);
}

/** The same for the message in a field of another one. */
export function readNested(reader: Reader, visit: FieldVisitor): void {
  const outerEnd = beginRun(reader);
  readFields(reader, visit);
  endRun(reader, outerEnd);
}

/**
 * Lets the reader end where the run of bytes ends that stands before it, behind its length.
 *
 * @returns where it ended, for `endRun`
 */
export function beginRun(reader: Reader): number {
  const outerEnd = reader.len;
  const end = reader.size() + reader.pos;
  if (end > outerEnd) throw new RangeError(`${end - outerEnd} bytes are missing`);
  reader.len = end;
  return outerEnd;
}

export function endRun(reader: Reader, outerEnd: number): void {
  if (reader.pos !== reader.len) throw new RangeError('a value that goes beyond its end');
  reader.len = outerEnd;
}

function readFields(reader: Reader, visit: FieldVisitor): void {
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (!visit(tag >>> 3, tag & 7, reader)) reader.skipType(tag & 7, 0, tag);
  }
}

/**
 * Adds to a list of what a message holds.
 *
 * @throws MillraceError INVALID_REQUEST if it has more than a request can need
 */
export function addEntry<T>(list: T[], entry: T, path: string): void {
  if (list.length >= MOST_ENTRIES) {
    const details = { path, expected: `at most ${MOST_ENTRIES} entries`, got: 'more' };
    throw new MillraceError('INVALID_REQUEST', `The request has too many entries in ${path}.`, details);
  }
  list.push(entry);
}

/** A 64-bit integer in two halves, as protobufjs reads it. */
interface Long {
  readonly low: number;
  readonly high: number;
}

/** A signed 64-bit integer; a bigint where a number would round it. */
export function signed({ low, high }: Long): number | bigint {
  return exact((BigInt(high) << 32n) | BigInt(low >>> 0), high * 2 ** 32 + (low >>> 0));
}

/** The same, without a sign. */
export function unsigned({ low, high }: Long): number | bigint {
  return exact((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), (high >>> 0) * 2 ** 32 + (low >>> 0));
}

function exact(whole: bigint, near: number): number | bigint {
  return Number.isSafeInteger(near) ? near : whole;
}
