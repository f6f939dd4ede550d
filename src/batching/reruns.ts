import type { WaitingRequest } from './request-part.js';

/**
 * Parts of requests whose execution failed and that wait to run again, in groups that run together. Their turn came
 * before that of all who still wait for a first run, so they go first; since each execution is followed by a bounded
 * number of them, nobody starves of it. One that settles meanwhile, because nobody wants it any more, is passed over.
 */
export class Reruns<Result> {
  readonly #refusal: (waiting: WaitingRequest<Result>) => Error | undefined;
  readonly #groups: (readonly WaitingRequest<Result>[])[] = [];
  #closedWith: Error | undefined;

  /** @param refusal why something may not run any more, since it was last asked; undefined if it may */
  constructor(refusal: (waiting: WaitingRequest<Result>) => Error | undefined) {
    this.#refusal = refusal;
  }

  get isEmpty(): boolean {
    return !this.#groups.some((group) => group.some(isUnsettled));
  }

  get rows(): number {
    return this.#waiting.reduce((sum, { request }) => sum + request.rows, 0);
  }

  /** How many groups wait, and since when the oldest request of all does. */
  get overview(): { groups: number; oldestAt: number | undefined } {
    const arrivals = this.#waiting.map(({ arrivedAt }) => arrivedAt);
    const oldestAt = arrivals.length === 0 ? undefined : Math.min(...arrivals);
    return { groups: this.#groups.filter((group) => group.some(isUnsettled)).length, oldestAt };
  }

  /** Lets a group wait. */
  add(group: readonly WaitingRequest<Result>[]): void {
    for (const waiting of group) waiting.suspend();
    if (this.#closedWith === undefined) this.#groups.push(group);
    else fail(group, this.#closedWith);
  }

  /** Takes the next group, without those that may not run any more: they fail. Undefined if there is none. */
  next(): WaitingRequest<Result>[] | undefined {
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const allowed = group.filter((waiting) => {
        if (!waiting.resume()) return false;
        const refusal = this.#refusal(waiting);
        if (refusal !== undefined) waiting.reject(refusal);
        return refusal === undefined;
      });
      if (allowed.length > 0) return allowed;
    }
    return undefined;
  }

  /** Fails everything that waits, and what comes later, with `error`. */
  close(error: Error): void {
    this.#closedWith ??= error;
    for (const group of this.#groups.splice(0)) fail(group, error);
  }

  get #waiting(): WaitingRequest<Result>[] {
    return this.#groups.flat().filter(isUnsettled);
  }
}

function isUnsettled({ isSettled }: WaitingRequest<never>): boolean {
  return !isSettled;
}

/** One that fails may take another one with it that is of the same request. */
function fail(group: readonly WaitingRequest<never>[], error: Error): void {
  for (const waiting of group) if (!waiting.isSettled) waiting.reject(error);
}
