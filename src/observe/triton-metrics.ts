import { Counter, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../core/errors.js';
import type { ModelRef, Observer } from '../core/events.js';
import type { InferenceStatistics } from '../v2/statistics.js';
import { type TritonMetricKey, tritonMetricTable } from './triton-metric-table.js';

const NANOSECONDS_PER_MICROSECOND = 1e3;

/** How Triton sorts failures. */
type Reason = 'REJECTED' | 'CANCELED' | 'BACKEND' | 'OTHER';

/** The failures that are not OTHER. */
const reasons: Partial<Record<ErrorCode, Reason>> = {
  QUEUE_FULL: 'REJECTED',
  TOO_MANY_ROWS: 'REJECTED',
  OVERLOADED: 'REJECTED',
  SHUTTING_DOWN: 'REJECTED',
  DEADLINE_EXCEEDED: 'REJECTED',
  INPUT_QUARANTINED: 'REJECTED',
  CANCELLED: 'CANCELED',
  CLIENT_CLOSED_REQUEST: 'CANCELED',
  EXECUTION_FAILED: 'BACKEND',
  EXECUTION_TIMEOUT: 'BACKEND',
  OUTPUT_NOT_FINITE: 'BACKEND',
  OUT_OF_MEMORY: 'BACKEND',
  INSTANCE_CRASHED: 'BACKEND',
  STEP_FAILED: 'BACKEND',
};

/** Where its values come from, asked at scrape. */
export interface TritonReadings {
  /** The model versions that are READY, each with what waits for it. */
  models(): readonly (ModelRef & { pending: number })[];
}

/**
 * The server's metrics under Triton's names. Most are its statistics, which `InferenceStatistics` counts; failures by
 * reason, and the time that loading took, are seen from events here.
 */
export class TritonMetrics {
  readonly #registry = new Registry();
  readonly #metrics: Readonly<Record<TritonMetricKey, Counter | Gauge>>;
  readonly #statistics: InferenceStatistics;
  readonly #readings: TritonReadings;
  readonly #failures = new Map<string, ModelRef & { reason: Reason; count: number }>();

  constructor(readings: TritonReadings, statistics: InferenceStatistics) {
    this.#readings = readings;
    this.#statistics = statistics;
    const entries = Object.entries(tritonMetricTable).map(([key, { type, name, help, labels }]) => {
      const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
      return [key, type === 'counter' ? new Counter(options) : new Gauge(options)];
    });
    this.#metrics = Object.fromEntries(entries) as Record<TritonMetricKey, Counter | Gauge>;
  }

  readonly observer: Observer = {
    name: 'triton-metrics',
    on: {
      jobRejected: ({ code, ...event }) => this.#countFailure(event, code),
      jobSettled: ({ outcome, ...event }) => {
        if (outcome !== 'succeeded') this.#countFailure(event, outcome);
      },
      modelLoaded: ({ model, version, durationMs }) => this.#set('loadTime', { model, version }, durationMs / 1e3),
    },
  };

  /** All of them in Prometheus's text form. */
  async text(): Promise<string> {
    for (const [key, metric] of Object.entries(this.#metrics)) if (key !== 'loadTime') metric.reset();
    for (const { pending, ...ref } of this.#readings.models()) {
      this.#readStatistics(ref);
      this.#set('pending', ref, pending);
    }
    for (const { count, ...labels } of this.#failures.values()) this.#set('failure', labels, count);
    return this.#registry.metrics();
  }

  #readStatistics({ model, version }: ModelRef): void {
    const labels = { model, version };
    const { inference_count, execution_count, inference_stats: stats } = this.#statistics.of(labels);
    this.#set('success', labels, stats.success.count);
    this.#set('rows', labels, inference_count);
    this.#set('executions', labels, execution_count);
    for (const [key, { ns }] of [
      ['requestTime', stats.success],
      ['queueTime', stats.queue],
      ['inputTime', stats.compute_input],
      ['inferTime', stats.compute_infer],
      ['outputTime', stats.compute_output],
    ] as const) {
      this.#set(key, labels, ns / NANOSECONDS_PER_MICROSECOND);
    }
    for (const reason of ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const) {
      this.#set('failure', { ...labels, reason }, 0);
    }
  }

  #countFailure({ model, version }: ModelRef, code: ErrorCode): void {
    const reason = reasons[code] ?? 'OTHER';
    const key = `${model}/${version}/${reason}`;
    const known = this.#failures.get(key) ?? { model, version, reason, count: 0 };
    known.count += 1;
    this.#failures.set(key, known);
  }

  /** Counters were reset, so that to add to them is to set them. */
  #set(key: TritonMetricKey, labels: Readonly<Record<string, string>>, value: number): void {
    const metric = this.#metrics[key];
    if (metric instanceof Gauge) metric.set({ ...labels }, value);
    else metric.inc({ ...labels }, value);
  }
}
