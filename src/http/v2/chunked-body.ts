/** A body in the chunks that it came in, of which parts are taken without copying more of it than needed. */
export class ChunkedBody {
  readonly length: number;
  readonly #chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks;
    this.length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /**
   * A part of the body: a view where it lies in one chunk; else put together in memory of its own, which can be handed
   * to another thread as it is.
   *
   * @param to at most the length
   */
  slice(from: number, to: number): Buffer {
    let start = 0;
    let whole: Buffer | undefined;
    for (const chunk of this.#chunks) {
      const end = start + chunk.length;
      if (whole === undefined && from >= start && to <= end) return chunk.subarray(from - start, to - start);
      if (end > from) {
        whole ??= Buffer.allocUnsafeSlow(to - from);
        // What is left of the chunk before `from` and behind `to` stays.
        whole.set(chunk.subarray(Math.max(0, from - start), to - start), Math.max(0, start - from));
        if (end >= to) break;
      }
      start = end;
    }
    return whole ?? Buffer.alloc(0);
  }
}
