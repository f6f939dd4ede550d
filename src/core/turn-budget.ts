import type { Clock } from './clock.js';

/** Work of one kind may keep the event loop for so long before others have it. */
const BUDGET_MS = 5;

/**
 * Keeps many small pieces of work from becoming one long turn of the event loop: promises that are settled already go
 * on in the same turn, however many there are.
 */
export class TurnBudget {
  readonly #clock: Clock;
  #turnEndsAt: number | undefined;
  /** Those who wait go on one after the other: only when the one before has begun is it known what time it took. */
  #line: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called before each piece of work; undefined if it may begin at once, else settles when it may. */
  enter(): Promise<void> | undefined {
    if (this.#line === undefined && this.#hasTime()) return undefined;
    const mine = this.#waitBehind(this.#line);
    this.#line = mine;
    void mine.finally(() => {
      if (this.#line === mine) this.#line = undefined;
    });
    return mine;
  }

  async #waitBehind(others: Promise<void> | undefined): Promise<void> {
    await others;
    while (!this.#hasTime()) await new Promise<void>((resolve) => this.#clock.endOfTurn(resolve));
  }

  #hasTime(): boolean {
    if (this.#turnEndsAt === undefined) {
      this.#turnEndsAt = this.#clock.now() + BUDGET_MS;
      this.#clock.endOfTurn(() => {
        this.#turnEndsAt = undefined;
      });
    }
    return this.#clock.now() < this.#turnEndsAt;
  }
}
