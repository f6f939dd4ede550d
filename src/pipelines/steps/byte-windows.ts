/** How windows are cut; sizes in bytes. */
export interface WindowOptions {
  readonly head: number;
  readonly tail: number;
  readonly block: number;
  readonly padding: number;
  readonly strip: 'whitespace' | 'none';
}

/**
 * The first `head` and the last `tail` bytes of a file, white space before and after them left out where that is
 * wanted, as magika takes them (`_extract_features_from_seekable` of its Python package, version 1.0.3). White space is
 * stripped from the one side of each window only: where head and tail are of the same few bytes, what the head has at
 * its end stays. Padding stands behind the head and before the tail.
 *
 * @returns `head + tail` numbers: bytes, and `padding` where there is none
 */
export function byteWindows(bytes: Uint8Array, options: WindowOptions): Int32Array {
  const { head, tail, padding } = options;
  const windows = new Int32Array(head + tail).fill(padding);
  windows.set(headBlock(bytes, options).subarray(0, head), 0);
  const end = tailBlock(bytes, options);
  const last = end.subarray(Math.max(0, end.length - tail));
  windows.set(last, head + tail - last.length);
  return windows;
}

/** The first block of a file, without white space before its first byte where that is stripped. */
export function headBlock(bytes: Uint8Array, { block, strip }: Pick<WindowOptions, 'block' | 'strip'>): Uint8Array {
  const first = bytes.subarray(0, block);
  let from = 0;
  if (strip === 'whitespace') while (from < first.length && isWhiteSpace(first[from])) from += 1;
  return first.subarray(from);
}

function tailBlock(bytes: Uint8Array, { block, strip }: WindowOptions): Uint8Array {
  const last = bytes.subarray(Math.max(0, bytes.length - block));
  let to = last.length;
  if (strip === 'whitespace') while (to > 0 && isWhiteSpace(last[to - 1])) to -= 1;
  return last.subarray(0, to);
}

/** What Python's `bytes.strip()` strips: space, and \t \n \v \f \r. */
function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
