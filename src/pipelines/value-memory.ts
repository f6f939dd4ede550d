import type { NumericArray } from '../tensor/datatype.js';
import type { Value } from './step.js';

/**
 * Values whose numbers lie in memory that is theirs alone: a window into a larger buffer is copied, since a message to
 * another thread takes the whole buffer along, with what others have in it; and so is what two of them share, since
 * what one step writes there another would read.
 */
export function withOwnMemory(values: readonly Value[]): Value[] {
  const seen = new Set<ArrayBufferLike>();
  return values.map((value) => ownCopy(value, seen) as Value);
}

/** The buffers of values whose memory is nobody else's, to be handed to another thread without a copy. */
export function wholeBuffers(values: readonly unknown[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of values.flatMap(viewsIn)) {
    const { buffer } = value;
    if (value.byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffers.add(buffer);
  }
  return [...buffers];
}

function ownCopy(value: unknown, seen: Set<ArrayBufferLike>): unknown {
  if (isNumeric(value)) return ownNumbers(value, seen);
  if (viewsIn(value).length === 0) return value;
  const entries = Object.entries(value as object).map(([key, part]: [string, unknown]) => [key, ownCopy(part, seen)]);
  return Object.fromEntries(entries);
}

function ownNumbers(numbers: NumericArray, seen: Set<ArrayBufferLike>): NumericArray {
  const isWhole = numbers.byteLength === numbers.buffer.byteLength;
  if (isWhole && !seen.has(numbers.buffer)) {
    seen.add(numbers.buffer);
    return numbers;
  }
  // A Buffer's own `slice` is no copy.
  return Buffer.isBuffer(numbers) ? Uint8Array.prototype.slice.call(numbers) : numbers.slice();
}

/** The arrays of numbers in bytes, scores, an image, a tensor, or tensors by name. */
function viewsIn(value: unknown): NumericArray[] {
  if (isNumeric(value)) return [value];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  if ('data' in value && isNumeric(value.data)) return [value.data];
  return Object.values(value).flatMap((part: unknown) => {
    const isTensor = typeof part === 'object' && part !== null && 'data' in part && isNumeric(part.data);
    return isTensor ? [part.data as NumericArray] : [];
  });
}

function isNumeric(value: unknown): value is NumericArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
