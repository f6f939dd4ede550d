import type { Clock, Timer } from '#src/core/clock.js';

/** The longest delay that Node's timers hold; a longer one fires after 1 ms there. */
const maxDelayMs = 2 ** 31 - 1;
/** More turns than any test needs at one instant: beyond it, callbacks only keep scheduling each other. */
const maxTurns = 10_000;
// Taken at import, so that a test that mocks the global timers can't stop the clock.
const realSetImmediate = setImmediate;

interface PendingTimer {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Time that moves only when a test says so. Everything that becomes due runs in a fixed order: timers by their due
 * time, those of one instant in the order in which they were set, and the callbacks of `endOfTurn` after them.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #wallOffsetMs: number;
  /** By due time; those of one instant in the order in which they were set. */
  readonly #timers: PendingTimer[] = [];
  #endOfTurn: (() => void)[] = [];
  /** Turns since time last moved, or since the test last asked for something. */
  #turns = 0;

  constructor({ startMs = 0, wallStartMs = Date.UTC(2026, 0, 1) }: { startMs?: number; wallStartMs?: number } = {}) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallStartMs - startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** A delay of 0 or less is due at once, but runs only in the next `advance` or `elapse`: never inside the caller. */
  after(delayMs: number, run: () => void): Timer {
    if (!(delayMs <= maxDelayMs)) throw new RangeError(`No timer of Node's holds a delay of ${delayMs} ms.`);
    const timer: PendingTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.splice(this.#timers.findLastIndex(({ dueMs }) => dueMs <= timer.dueMs) + 1, 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run);
  }

  /** Timers that are set: 0 when nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, on the scale of `now`; undefined without any. */
  get nextTimerMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /** Ends one turn: runs the callbacks that wait for it, not those that they add. Gives how many ran. */
  runEndOfTurn(): number {
    const callbacks = this.#endOfTurn;
    this.#endOfTurn = [];
    for (const run of callbacks) run();
    return callbacks.length;
  }

  /** Lets promises and ends of turns run until nothing is left to do at this instant. Time stays, timers wait. */
  async settle(): Promise<void> {
    this.#turns = 0;
    await this.#settleTurns();
  }

  /**
   * Moves time by `durationMs` from timer to timer and settles after each instant. As in Node, the timers of one
   * instant share a turn: promises run between them, ends of the turn after the last.
   */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#until(durationMs);
    await this.settle();
    while (this.#enter(untilMs)) {
      for (const timer of this.#due()) {
        timer.run();
        await drainMicrotasks();
      }
      await this.#settleTurns();
    }
    this.#nowMs = untilMs;
  }

  /** `advance` for code without promises: runs timers and ends of turns before it returns, and no promise. */
  elapse(durationMs: number): void {
    const untilMs = this.#until(durationMs);
    this.#turns = 0;
    this.#endTurns();
    while (this.#enter(untilMs)) {
      for (const timer of this.#due()) timer.run();
      this.#endTurns();
    }
    this.#nowMs = untilMs;
  }

  async #settleTurns(): Promise<void> {
    do {
      this.#countTurn();
      await drainMicrotasks();
    } while (this.runEndOfTurn() > 0);
  }

  #endTurns(): void {
    while (this.runEndOfTurn() > 0) this.#countTurn();
  }

  /** A test that never settles says so instead of hanging. */
  #countTurn(): void {
    this.#turns += 1;
    if (this.#turns > maxTurns)
      throw new Error(`Not settled after ${maxTurns} turns: callbacks keep adding callbacks.`);
  }

  #until(durationMs: number): number {
    if (!(durationMs >= 0)) throw new RangeError(`Time can't move by ${durationMs} ms.`);
    return this.#nowMs + durationMs;
  }

  /** Moves time to the next timer's instant, if it isn't after `untilMs`. */
  #enter(untilMs: number): boolean {
    const dueMs = this.#timers[0]?.dueMs;
    if (dueMs === undefined || dueMs > untilMs) return false;
    this.#turns = dueMs > this.#nowMs ? 0 : this.#turns;
    this.#nowMs = dueMs;
    this.#countTurn();
    return true;
  }

  /** Takes this instant's timers one by one, so that each can still cancel the next; those set meanwhile wait a turn. */
  *#due(): Generator<PendingTimer> {
    const known = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    for (const timer of known) {
      const index = this.#timers.indexOf(timer);
      if (index < 0) continue;
      this.#timers.splice(index, 1);
      yield timer;
    }
  }
}

/** The real loop's check phase comes when no promise callback and no `nextTick` is left, however long their chains. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    realSetImmediate(resolve);
  });
}
