import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The timer behind the measurement; its own period is part of every sample, and is taken off. */
const RESOLUTION_MS = 1;

/** By how much the event loop was late. */
export class EventLoopLag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Seconds since the last call: p50, p99 and max. */
  read(): [stat: string, seconds: number][] {
    const lag = (nanoseconds: number) => Math.max(0, (nanoseconds / 1e6 - RESOLUTION_MS) / 1e3);
    const histogram = this.#histogram;
    // Without a sample the histogram gives its greatest number.
    const empty = histogram.count === 0;
    const reading = Object.entries({ p50: 50, p99: 99, max: 100 }).map(([stat, percent]): [string, number] => {
      return [stat, empty ? 0 : lag(histogram.percentile(percent))];
    });
    histogram.reset();
    return reading;
  }

  close(): void {
    this.#histogram.disable();
  }
}
