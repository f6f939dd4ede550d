/** Elements that come one after another, side by side in one buffer that grows. */
export class ElementBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Makes room for elements of `bytes` in all.
   *
   * @returns the buffer, and where in it the room begins
   */
  grow(elements: number, bytes: number): { readonly buffer: Buffer; readonly at: number } {
    const at = this.#length;
    this.#length += bytes;
    this.#count += elements;
    if (this.#length > this.#buffer.length) {
      // What comes at once has room for just that; what comes one by one is not moved each time.
      const larger = Buffer.allocUnsafe(at === 0 ? bytes : Math.max(this.#length, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return { buffer: this.#buffer, at };
  }
}
