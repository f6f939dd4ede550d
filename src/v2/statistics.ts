import type { Clock } from '../core/clock.js';
import type { EventMap, ModelRef, Observer } from '../core/events.js';
import type { Duration, ModelStatistics } from './statistics-schema.js';

const NANOSECONDS_PER_MS = 1e6;

type ComputeDuration = 'compute_input' | 'compute_infer' | 'compute_output';
type JobDuration = keyof ModelStatistics['inference_stats'];

/** Shares of an execution's time; they add up to 1. */
type Shares = Readonly<Record<ComputeDuration, number>>;

interface Counts {
  lastInference: number;
  rows: number;
  executions: number;
  readonly jobs: Record<JobDuration, Duration>;
  readonly bySize: Map<number, Record<ComputeDuration, Duration>>;
  shares: Shares;
}

/**
 * Counts what Triton's statistics extension tells, from the same events as the metrics. Which part of a job's time with
 * the model went into which stage is told by the execution that ended last, which nearly always is the job's own.
 * Preprocessing counts as compute_input, postprocessing as compute_output.
 */
export class InferenceStatistics {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Counts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly observer: Observer = {
    name: 'statistics',
    on: {
      jobRejected: (event) => add(this.#countsOf(event).jobs.fail, 0),
      jobSettled: (event) => this.#countJob(event),
      batchExecuted: (event) => this.#countExecution(event),
    },
  };

  /** Of a model version under a name that it has; zeros if it was never asked for anything. */
  of(ref: ModelRef, name = ref.model): ModelStatistics {
    const { lastInference, rows, executions, jobs, bySize } = this.#counts.get(keyOf(ref)) ?? noCounts();
    const sizes = [...bySize].sort(([one], [other]) => one - other);
    return {
      name,
      version: ref.version,
      last_inference: lastInference,
      inference_count: rows,
      execution_count: executions,
      inference_stats: jobs,
      response_stats: {},
      batch_stats: sizes.map(([batch_size, durations]) => ({ batch_size, ...durations })),
      memory_usage: [],
    };
  }

  #countJob({ rows, outcome, timings, ...ref }: EventMap['jobSettled']): void {
    const counts = this.#countsOf(ref);
    const { jobs, shares } = counts;
    if (outcome !== 'succeeded') {
      add(jobs.fail, timings.total);
      return;
    }
    counts.rows += rows;
    counts.lastInference = Math.round(this.#clock.wallTime());
    add(jobs.success, timings.total);
    add(jobs.queue, timings.queue);
    add(jobs.compute_input, timings.preprocess + timings.inference * shares.compute_input);
    add(jobs.compute_infer, timings.inference * shares.compute_infer);
    add(jobs.compute_output, timings.postprocess + timings.inference * shares.compute_output);
  }

  #countExecution({ rows, outcome, ...event }: EventMap['batchExecuted']): void {
    if (outcome !== 'succeeded') return;
    const counts = this.#countsOf(event);
    // The clocks of two threads: a stage may seem to end before it began.
    const computeInputMs = Math.max(0, event.computeInputMs);
    const computeInferMs = Math.max(0, event.computeInferMs);
    const computeOutputMs = Math.max(0, event.computeOutputMs);
    const durations = counts.bySize.get(rows) ?? noCompute();
    counts.bySize.set(rows, durations);
    counts.executions += 1;
    add(durations.compute_input, computeInputMs);
    add(durations.compute_infer, computeInferMs);
    add(durations.compute_output, computeOutputMs);
    const whole = computeInputMs + computeInferMs + computeOutputMs;
    if (whole <= 0) return;
    counts.shares = {
      compute_input: computeInputMs / whole,
      compute_infer: computeInferMs / whole,
      compute_output: computeOutputMs / whole,
    };
  }

  #countsOf(ref: ModelRef): Counts {
    const key = keyOf(ref);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const counts = noCounts();
    this.#counts.set(key, counts);
    return counts;
  }
}

function keyOf({ model, version }: ModelRef): string {
  return `${model}/${version}`;
}

function add(duration: Duration, ms: number): void {
  duration.count += 1;
  duration.ns += Math.max(0, Math.round(ms * NANOSECONDS_PER_MS));
}

function none(): Duration {
  return { count: 0, ns: 0 };
}

function noCompute(): Record<ComputeDuration, Duration> {
  return { compute_input: none(), compute_infer: none(), compute_output: none() };
}

function noCounts(): Counts {
  const jobs = { success: none(), fail: none(), queue: none(), ...noCompute(), cache_hit: none(), cache_miss: none() };
  const shares = { compute_input: 0, compute_infer: 1, compute_output: 0 };
  return { lastInference: 0, rows: 0, executions: 0, jobs, bySize: new Map(), shares };
}
