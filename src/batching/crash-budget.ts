import type { Clock } from '../core/clock.js';

/** Tries in a burst: enough to find the culprits of a few batches. */
const MOST = 16;
/** Beyond, two more in each second: each costs an instance, and others want to use those. */
const REFILL_MS = 500;
/** Crashes without one good execution in between: a model whose instances keep dying is given up soon after. */
const MOST_IN_A_ROW = 3;

/** How often requests that lost their instance may try another one: a token bucket, and a bound on crashes in a row. */
export class CrashBudget {
  readonly #clock: Pick<Clock, 'now'>;
  #left = MOST;
  #at: number;
  #inARow = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** An execution ended its instance. */
  crashed(): void {
    this.#inARow += 1;
  }

  /** An execution ran well. */
  ranWell(): void {
    this.#inARow = 0;
  }

  /** Takes one try; false if there is none. */
  take(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(MOST, this.#left + (now - this.#at) / REFILL_MS);
    this.#at = now;
    if (this.#left < 1 || this.#inARow > MOST_IN_A_ROW) return false;
    this.#left -= 1;
    return true;
  }
}
