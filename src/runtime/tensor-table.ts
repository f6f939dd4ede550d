import { type Datatype, datatypes, type NumericArray, type TensorData } from '../tensor/datatype.js';
import type { WireTensor } from './worker-protocol.js';

/*
 * Tensors as bytes. A table says what there is; the elements stand behind one another in a body, each tensor's at the
 * next multiple of 8, so that whoever receives the body can read any of them where it lies. All numbers are in the
 * machine's own order of bytes, since both ends are processes of one machine.
 *
 * An entry of the table: bytes of the name (u16), the name in UTF-8, the datatype's number (u8), the rank (u8), each
 * dimension (f64), bytes of the elements (f64). A string is its bytes in UTF-8 behind their number (u32).
 */

const ALIGNMENT = 8;
const datatypeNames = Object.keys(datatypes) as Datatype[];
const padding = Buffer.alloc(ALIGNMENT);

/** Tensors ready to be written: `body` is one after the other what the table describes. */
export interface PackedTensors {
  readonly table: Buffer;
  readonly body: readonly Uint8Array[];
  readonly bodyBytes: number;
}

/** Lays tensors out. Numbers are not copied: `body` refers to them. */
export function packTensors(tensors: readonly WireTensor[]): PackedTensors {
  const entries: Buffer[] = [];
  const body: Uint8Array[] = [];
  let bodyBytes = 0;
  for (const { name, datatype, shape, data } of tensors) {
    const bytes = Array.isArray(data) ? packStrings(data) : bytesOf(data);
    entries.push(entryOf({ name, datatype, shape }, bytes.byteLength));
    const gap = gapAfter(bytes.byteLength);
    if (bytes.byteLength > 0) body.push(bytes);
    if (gap > 0) body.push(padding.subarray(0, gap));
    bodyBytes += bytes.byteLength + gap;
  }
  return { table: Buffer.concat(entries), body, bodyBytes };
}

/**
 * Reads tensors where they lie: they share the memory of `body`, which must begin at a multiple of 8.
 *
 * @throws RangeError or Error if the bytes are no such table, or do not fit it
 */
export function unpackTensors(table: Buffer, body: Buffer): WireTensor[] {
  const tensors: WireTensor[] = [];
  let bodyAt = 0;
  for (let at = 0; at < table.byteLength; ) {
    const nameEnd = at + 2 + table.readUInt16LE(at);
    const name = table.toString('utf8', at + 2, nameEnd);
    const datatype = datatypeNames[table.readUInt8(nameEnd)];
    if (datatype === undefined) throw new Error('a tensor is of no known datatype');
    const rank = table.readUInt8(nameEnd + 1);
    const numbers = nameEnd + 2;
    const shape = Array.from({ length: rank }, (_, axis) => table.readDoubleLE(numbers + 8 * axis));
    const bytes = table.readDoubleLE(numbers + 8 * rank);
    if (!(bytes >= 0 && bodyAt + bytes <= body.byteLength)) throw new RangeError('a tensor goes beyond the message');
    const data = elementsOf(datatype, body.subarray(bodyAt, bodyAt + bytes));
    if (shape.reduce((product, size) => product * size, 1) !== data.length)
      throw new RangeError(`a tensor of shape [${shape.join(', ')}] has ${data.length} elements`);
    tensors.push({ name, datatype, shape, data });
    at = numbers + 8 * (rank + 1);
    bodyAt += bytes + gapAfter(bytes);
  }
  return tensors;
}

function entryOf({ name, datatype, shape }: Omit<WireTensor, 'data'>, bytes: number): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const entry = Buffer.allocUnsafe(2 + nameBytes + 2 + 8 * (shape.length + 1));
  entry.writeUInt16LE(nameBytes, 0);
  entry.write(name, 2);
  let at = 2 + nameBytes;
  at = entry.writeUInt8(datatypeNames.indexOf(datatype), at);
  at = entry.writeUInt8(shape.length, at);
  for (const size of shape) at = entry.writeDoubleLE(size, at);
  entry.writeDoubleLE(bytes, at);
  return entry;
}

function elementsOf(datatype: Datatype, bytes: Buffer): TensorData {
  const { array: ArrayType, bytes: size } = datatypes[datatype];
  if (ArrayType === undefined) return unpackStrings(bytes);
  const { buffer, byteOffset, byteLength } = bytes;
  // A part of an element is left over as a difference in length, which the shape shows.
  return new ArrayType(buffer as ArrayBuffer, byteOffset, Math.floor(byteLength / size));
}

function bytesOf({ buffer, byteOffset, byteLength }: NumericArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function packStrings(strings: readonly string[]): Buffer {
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  for (const [index, text] of strings.entries()) {
    at = bytes.writeUInt32LE(lengths[index] as number, at);
    at += bytes.write(text, at);
  }
  return bytes;
}

function unpackStrings(bytes: Buffer): string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.byteLength) throw new RangeError('a string goes beyond its tensor');
    strings.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return strings;
}

function gapAfter(bytes: number): number {
  return (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
}
