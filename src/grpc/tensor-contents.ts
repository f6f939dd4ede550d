import type { Reader } from 'protobufjs';
import { ElementBytes } from './element-bytes.js';
import { beginRun, endRun, LENGTH_DELIMITED, readNested } from './wire-fields.js';

/** The elements of one field of an InferTensorContents. */
export interface Contents {
  readonly field: string;
  readonly count: number;
  /** Little-endian and row-major; of `bytes_contents` each element with its length before it, as in raw contents. */
  readonly bytes: Buffer;
}

/** A field: its name, and how elements of it are taken from a message. */
interface Field {
  readonly name: string;
  append(elements: ElementBytes, wireType: number, reader: Reader): void;
}

/** The fields of an InferTensorContents by their numbers. */
const fields: Readonly<Record<number, Field>> = {
  1: varints('bool_contents', 1, (buffer, at, reader) => buffer.writeUInt8(Number(reader.bool()), at)),
  2: varints('int_contents', 4, (buffer, at, reader) => buffer.writeInt32LE(reader.int32(), at)),
  3: varints('int64_contents', 8, writeLong),
  4: varints('uint_contents', 4, (buffer, at, reader) => buffer.writeUInt32LE(reader.uint32(), at)),
  5: varints('uint64_contents', 8, writeLong),
  6: fixed('fp32_contents', 4),
  7: fixed('fp64_contents', 8),
  8: { name: 'bytes_contents', append: (elements, _, reader) => appendBytes(elements, reader.bytes()) },
};

/**
 * Reads an InferTensorContents into the bytes that its elements are in memory, without an object for each: so they
 * take no more than eight times the room that they have in the message.
 *
 * @returns the fields that hold elements
 * @throws Error if the bytes are no such message
 */
export function readContents(reader: Reader): Contents[] {
  const found = new Map<number, ElementBytes>();
  readNested(reader, (number, wireType) => {
    const field = fields[number];
    if (field === undefined) return false;
    const elements = found.get(number) ?? new ElementBytes();
    found.set(number, elements);
    field.append(elements, wireType, reader);
    return true;
  });
  return [...found].flatMap(([number, { count, bytes }]) => {
    return count === 0 ? [] : [{ field: fields[number]?.name ?? '', count, bytes }];
  });
}

/** Numbers of one byte or more each, side by side or each as a field of its own. */
function varints(name: string, size: number, write: (buffer: Buffer, at: number, reader: Reader) => void): Field {
  return {
    name,
    append: (elements, wireType, reader) => {
      if (wireType !== LENGTH_DELIMITED) {
        const { buffer, at } = elements.grow(1, size);
        write(buffer, at, reader);
        return;
      }
      const outerEnd = beginRun(reader);
      const count = countVarints(reader);
      const { buffer, at } = elements.grow(count, count * size);
      for (let index = 0; index < count; index += 1) write(buffer, at + index * size, reader);
      endRun(reader, outerEnd);
    },
  };
}

/** Numbers that are in the message as they are in memory. */
function fixed(name: string, size: number): Field {
  return {
    name,
    append: (elements, wireType, reader) => {
      const run = wireType === LENGTH_DELIMITED ? reader.bytes() : takeBytes(reader, size);
      if (run.length % size !== 0) throw new Error(`${run.length} bytes for numbers of ${size}`);
      const { buffer, at } = elements.grow(run.length / size, run.length);
      buffer.set(run, at);
    },
  };
}

function appendBytes(elements: ElementBytes, element: Uint8Array): void {
  const { buffer, at } = elements.grow(1, 4 + element.length);
  buffer.writeUInt32LE(element.length, at);
  buffer.set(element, at + 4);
}

function takeBytes(reader: Reader, size: number): Uint8Array {
  const start = reader.pos;
  reader.skip(size);
  return reader.raw(start, reader.pos);
}

/** The last byte of each has its highest bit clear. */
function countVarints({ buf, pos, len }: Reader): number {
  let count = 0;
  for (let at = pos; at < len; at += 1) if ((buf[at] as number) < 0x80) count += 1;
  return count;
}

/** Two's complement is the same for both signs. */
function writeLong(buffer: Buffer, at: number, reader: Reader): void {
  const { low, high } = reader.int64();
  buffer.writeInt32LE(low | 0, at);
  buffer.writeInt32LE(high | 0, at + 4);
}
