import { MillraceError } from '../core/errors.js';

/** How many bytes of bodies the server holds at once while they arrive and are inflated, of all clients together (invariant I7). */
export class BodyBudget {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes room for bytes that have arrived.
   *
   * @throws MillraceError OVERLOADED if there is none
   */
  take(bytes: number): void {
    if (this.#held + bytes > this.#maxBytes) {
      throw new MillraceError('OVERLOADED', 'The server holds as many bodies as it can; try again in a moment.', {
        expected: `room for ${bytes} of at most ${this.#maxBytes} bytes`,
        got: `${this.#held} bytes are held`,
        retryAfterMs: 1_000,
      });
    }
    this.#held += bytes;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}
