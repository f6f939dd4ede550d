import { type Datatype, datatypes, type NumericArray } from '../tensor/datatype.js';
import { elementCount } from '../tensor/tensor.js';
import type { V2Tensor } from './infer-request.js';
import { requestError } from './request-error.js';

/*
 * The protocol's raw form of a tensor, which its binary extension and gRPC share: elements row-major, each little-endian
 * (as every processor is that this runs on), BOOL a byte, BYTES elements as their length in four bytes and themselves.
 */

/** Before each element of BYTES. */
const LENGTH_BYTES = 4;

/** What a raw tensor is, and where it came. */
export interface RawTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly model: string;
}

/**
 * Reads a raw tensor. Numbers are a view of `bytes` where those lie as the datatype needs it, else a copy.
 *
 * @throws MillraceError INVALID_INPUT if there are not as many bytes as the shape needs
 */
export function readRaw({ name, datatype, shape, bytes, model }: RawTensor): V2Tensor['data'] {
  const count = elementCount(shape);
  const { bytes: size, array: ArrayType } = datatypes[datatype];
  if (size === undefined) return readByteElements(bytes, count, { name, model });
  const expected = count * size;
  if (bytes.length !== expected) {
    const place = `for input '${name}', expecting ${expected} bytes but got ${bytes.length} bytes for model '${model}'`;
    throw requestError(`unexpected size ${place}`);
  }
  const isAligned = bytes.byteOffset % size === 0;
  const { buffer, byteOffset } = isAligned ? bytes : new Uint8Array(bytes);
  return new ArrayType(buffer as ArrayBuffer, byteOffset, count);
}

function readByteElements(
  bytes: Uint8Array,
  count: number,
  { name, model }: { name: string; model: string },
): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.length - at - LENGTH_BYTES;
    if (rest < 0) throw requestError(`incomplete string length indicator for inference input '${name}'`);
    const length = view.getUint32(at, true);
    if (length > rest) {
      const text = `incomplete string data for inference input '${name}', expecting string of length ${length}`;
      throw requestError(`${text} but only ${rest} bytes available`);
    }
    at += LENGTH_BYTES;
    elements.push(bytes.subarray(at, at + length));
    at += length;
    if (elements.length > count) break;
  }
  if (elements.length === count) return elements;
  const got = elements.length > count ? 'more' : String(elements.length);
  throw requestError(
    `unexpected number of string elements ${got} for inference input '${name}', expecting ${count} for model '${model}'`,
  );
}

/** A tensor in its raw form; numbers are a view, not a copy. */
export function writeRaw({ data }: Pick<V2Tensor, 'data'>): Uint8Array {
  if (ArrayBuffer.isView(data)) {
    const numbers: NumericArray = data;
    return new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, numbers.byteLength);
  }
  const elements = data.map(bytesOf);
  const raw = Buffer.allocUnsafe(elements.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const element of elements) {
    at = raw.writeUInt32LE(element.length, at);
    raw.set(element, at);
    at += element.length;
  }
  return raw;
}

/** An element of BYTES as its bytes. */
export function bytesOf(element: string | Uint8Array): Uint8Array {
  return typeof element === 'string' ? Buffer.from(element, 'utf8') : element;
}
