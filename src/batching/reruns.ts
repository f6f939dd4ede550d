import type { WaitingRequest } from './request-part.js';

/** Parts that run again together. */
export interface RerunGroup<Result> {
  readonly parts: readonly WaitingRequest<Result>[];
  /** Whether the execution that failed was dear, so that this one may be, too. */
  readonly isRisky: boolean;
}

/**
 * Parts of requests whose execution failed and that wait to run again, in groups that run together. Their turn came
 * before that of all who still wait for a first run, so they go first; since each execution is followed by a bounded
 * number of them, nobody starves of it. What is risky runs one by one: one instance at a time is lost at most, and a half
 * that is good has run, and shown that instances do live, before the halves of a bad one are tried. One that settles meanwhile, because nobody wants it any more, is passed over.
 */
export class Reruns<Result> {
  readonly #refusal: (waiting: WaitingRequest<Result>) => Error | undefined;
  readonly #groups: RerunGroup<Result>[] = [];
  #closedWith: Error | undefined;

  /** @param refusal why something may not run any more, since it was last asked; undefined if it may */
  constructor(refusal: (waiting: WaitingRequest<Result>) => Error | undefined) {
    this.#refusal = refusal;
  }

  get isEmpty(): boolean {
    return !this.#groups.some(isWanted);
  }

  get rows(): number {
    return this.#waiting.reduce((sum, { request }) => sum + request.rows, 0);
  }

  /** How many groups wait, and since when the oldest request of all does. */
  get overview(): { groups: number; oldestAt: number | undefined } {
    const arrivals = this.#waiting.map(({ arrivedAt }) => arrivedAt);
    const oldestAt = arrivals.length === 0 ? undefined : Math.min(...arrivals);
    return { groups: this.#groups.filter(isWanted).length, oldestAt };
  }

  /** Lets a group wait. */
  add(group: RerunGroup<Result>): void {
    for (const waiting of group.parts) waiting.suspend();
    if (this.#closedWith === undefined) this.#groups.push(group);
    else fail(group, this.#closedWith);
  }

  /**
   * Takes the next group, without those that may not run any more: they fail. Undefined if there is none.
   *
   * @param mayRisk whether a risky one may run now
   */
  next(mayRisk: boolean): RerunGroup<Result> | undefined {
    for (;;) {
      const index = this.#groups.findIndex(({ isRisky }) => mayRisk || !isRisky);
      const [group] = index === -1 ? [] : this.#groups.splice(index, 1);
      if (group === undefined) return undefined;
      const parts = group.parts.filter((waiting) => {
        if (!waiting.resume()) return false;
        const refusal = this.#refusal(waiting);
        if (refusal !== undefined) waiting.reject(refusal);
        return refusal === undefined;
      });
      if (parts.length > 0) return { ...group, parts };
    }
  }

  /** Fails everything that waits, and what comes later, with `error`. */
  close(error: Error): void {
    this.#closedWith ??= error;
    for (const group of this.#groups.splice(0)) fail(group, error);
  }

  get #waiting(): WaitingRequest<Result>[] {
    return this.#groups.flatMap(({ parts }) => parts).filter(isUnsettled);
  }
}

function isWanted({ parts }: RerunGroup<never>): boolean {
  return parts.some(isUnsettled);
}

function isUnsettled({ isSettled }: WaitingRequest<never>): boolean {
  return !isSettled;
}

/** One that fails may take another one with it that is of the same request. */
function fail({ parts }: RerunGroup<never>, error: Error): void {
  for (const waiting of parts) if (!waiting.isSettled) waiting.reject(error);
}
