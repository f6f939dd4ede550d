/** Seconds of the past that count: older settlements fade out with this time constant. */
const TIME_CONSTANT_S = 5;
const SHORTEST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** A time after which to try again, between 1 and 60 seconds. */
export function withinRetryBounds(ms: number): number {
  return Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, ms));
}

/**
 * How fast a queue empties, in rows a second: an exponentially weighted rate, corrected for the time that has not
 * been watched yet.
 */
export class DrainRate {
  #weight = 0;
  #updatedAt: number | undefined;
  #startedAt = 0;

  /** @param nowMs on the clock */
  record(rows: number, nowMs: number): void {
    if (this.#updatedAt === undefined) this.#startedAt = nowMs;
    this.#weight = this.#weightAt(nowMs) + rows;
    this.#updatedAt = nowMs;
  }

  /** Rows a second; undefined before anything was recorded. */
  rowsPerSecond(nowMs: number): number | undefined {
    if (this.#updatedAt === undefined) return undefined;
    const watchedS = Math.max((nowMs - this.#startedAt) / 1e3, 1e-3);
    return this.#weightAt(nowMs) / (TIME_CONSTANT_S * -Math.expm1(-watchedS / TIME_CONSTANT_S));
  }

  /** How long until `rows` rows will have left, in milliseconds, between 1 and 60 seconds. */
  retryAfterMs(rows: number, nowMs: number): number {
    const rate = this.rowsPerSecond(nowMs);
    if (rate === undefined) return SHORTEST_RETRY_MS;
    return withinRetryBounds((rows / rate) * 1e3);
  }

  #weightAt(nowMs: number): number {
    if (this.#updatedAt === undefined) return 0;
    return this.#weight * Math.exp(-(nowMs - this.#updatedAt) / 1e3 / TIME_CONSTANT_S);
  }
}

/** How long something has been the case, all in all. Times in milliseconds, on the clock. */
export class Stopwatch {
  #totalMs = 0;
  #since: number | undefined;

  get isRunning(): boolean {
    return this.#since !== undefined;
  }

  /** Whether it is the case from now on. */
  set(isCase: boolean, nowMs: number): void {
    if (isCase === this.isRunning) return;
    this.#totalMs = this.read(nowMs);
    this.#since = isCase ? nowMs : undefined;
  }

  read(nowMs: number): number {
    return this.#totalMs + (this.#since === undefined ? 0 : nowMs - this.#since);
  }
}
