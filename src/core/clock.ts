/** A timer that can be taken back; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as everything below the HTTP layer sees it. It is injected, so that tests drive queues, deadlines and
 * batching on a virtual clock and never sleep.
 */
export interface Clock {
  /** Milliseconds on a monotonic scale with an arbitrary origin, with fractions. */
  now(): number;
  /** Milliseconds since the Unix epoch, for what people and other systems read. */
  wallTime(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` once when the current turn of the event loop has handled all the input that it has read. */
  endOfTurn(run: () => void): void;
}

/** The machine's own time. Its timers don't keep the process alive: what waits on them has a connection or a job that does. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run) {
    const timeout = setTimeout(run, delayMs);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  endOfTurn: (run) => {
    setImmediate(run);
  },
};
