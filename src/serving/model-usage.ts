import type { Clock } from '../core/clock.js';

/**
 * Who is using a model version: the jobs that it has accepted and that have not left, and requests that are about to
 * become jobs. It is not unloaded under them.
 */
export class ModelUsage {
  readonly #clock: Clock;
  #holds = 0;
  #lastUsedAt: number;
  #isOver = false;
  #onIdle: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastUsedAt = clock.now();
  }

  /** Whether nobody uses it. */
  get isIdle(): boolean {
    return this.#holds === 0;
  }

  /** When it was last used, on the clock; now, while it is. */
  get lastUsedAt(): number {
    return this.isIdle ? this.#lastUsedAt : this.#clock.now();
  }

  /** Whether another has taken its place, so that it gets no more jobs. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing new will come. */
  end(): void {
    this.#isOver = true;
  }

  /** So many jobs came. */
  hold(jobs = 1): void {
    this.#holds += jobs;
    this.#lastUsedAt = this.#clock.now();
  }

  /** One of them has left. */
  release(): void {
    this.#holds -= 1;
    if (this.#holds < 0) throw new Error('a model version was released more often than held');
    this.#lastUsedAt = this.#clock.now();
    if (this.#holds > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Settles when nobody uses it, or when the time for that is over. */
  async whenIdle(timeoutMs: number): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(timeoutMs, resolve);
      this.#onIdle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
