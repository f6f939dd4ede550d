import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ModelState, Observer, Timings } from '../core/events.js';
import { EventLoopLag } from './event-loop-lag.js';
import { type MetricKey, type MetricSpec, metricTable } from './metric-table.js';
import type { TritonMetrics } from './triton-metrics.js';

/** prom-client's names of gauges that end in _total, which Prometheus keeps for counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

const PHASES = [
  'queue',
  'preprocess',
  'inference',
  'postprocess',
  'total',
] as const satisfies readonly (keyof Timings)[];

/** What is true of a model version at the moment of a scrape. */
export interface ModelReading {
  readonly model: string;
  readonly version: string;
  readonly state: ModelState;
  /** What it is estimated to take; 0 while it is not loaded. */
  readonly memoryBytes: number;
  /** Rows of requests that wait for it to load. */
  readonly loadWaitingRows: number;
  /** Undefined until the model has loaded. */
  readonly loaded:
    | {
        provider: string;
        batched: boolean;
        live: number;
        restarts: number;
        batcherRows: number;
        batchRowLimit: number;
        residentBytes: readonly { instance: string; bytes: number }[];
      }
    | undefined;
}

/** Where gauges get their values from, asked at scrape; the composition root fills it in. */
export interface Readings {
  models(): readonly ModelReading[];
  memoryBudgetBytes(): number;
  queues(): readonly {
    model: string;
    version: string;
    waitingRows: number;
    oldestAgeMs: number;
    takenRows: number;
    takenBytes: number;
  }[];
  jobsInFlight(): number;
  /** Of the threads for steps: items that wait for one, and those that are busy. */
  steps(): { waiting: number; busy: number };
  threadsGivenUp(): number;
  eventsDropped(): number;
}

/** The server's metrics: an observer that counts, and gauges that are read when somebody asks. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #metrics: Readonly<Record<MetricKey, Counter | Gauge | Histogram>>;
  readonly #readings: Readings;
  readonly #triton: TritonMetrics | undefined;
  readonly #lag = new EventLoopLag();

  /** @param triton are told after the others */
  constructor(readings: Readings, triton?: TritonMetrics) {
    this.#readings = readings;
    this.#triton = triton;
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    const entries = Object.entries(metricTable).map(([key, spec]) => [key, create(spec, this.#registry)]);
    this.#metrics = Object.fromEntries(entries) as Record<MetricKey, Counter | Gauge | Histogram>;
  }

  /** Everything in Prometheus's text form, with its media type. */
  async scrape(): Promise<{ text: string; type: string }> {
    this.#readGauges();
    const own = await this.#registry.metrics();
    const triton = await this.#triton?.text();
    return { text: triton === undefined ? own : `${own}\n${triton}`, type: this.#registry.contentType };
  }

  /** Stops watching the event loop. */
  close(): void {
    this.#lag.close();
    this.#registry.clear();
  }

  readonly observer: Observer = {
    name: 'metrics',
    on: {
      requestSettled: ({ method, route, status, durationMs }) => {
        this.#count('httpRequests', { method, route, status });
        this.#measure('httpDuration', { route }, durationMs / 1e3);
      },
      callSettled: ({ method, status, durationMs }) => {
        this.#count('grpcCalls', { method, status });
        this.#measure('grpcDuration', { method }, durationMs / 1e3);
      },
      jobRejected: ({ model, version, code }) => this.#count('rejections', { model, version, reason: code }),
      jobSettled: ({ model, version, outcome, timings }) => {
        this.#count('jobs', { model, version, outcome });
        if (outcome !== 'succeeded') return;
        // A phase that a model does not have takes no time, and says nothing.
        for (const phase of PHASES) {
          const ms = timings[phase];
          if (ms > 0) this.#measure('jobPhases', { model, version, phase }, ms / 1e3);
        }
      },
      batchExecuted: ({ model, version, rows, outcome, computeInputMs, computeInferMs, computeOutputMs }) => {
        const ref = { model, version };
        this.#count('batches', { ...ref, outcome });
        this.#count('rows', ref, rows);
        this.#measure('batchRows', ref, rows);
        if (outcome !== 'succeeded') return;
        this.#measure('batchCompute', { ...ref, stage: 'input' }, computeInputMs / 1e3);
        this.#measure('batchCompute', { ...ref, stage: 'infer' }, computeInferMs / 1e3);
        this.#measure('batchCompute', { ...ref, stage: 'output' }, computeOutputMs / 1e3);
      },
      executionRetried: ({ model, version, code: reason, groups }) => {
        if (groups > 1) this.#count('bisections', { model, version, reason });
        this.#count('retries', { model, version, reason }, groups);
      },
      culpritFound: ({ model, version, code: reason, refusedForMs }) => {
        this.#count('culprits', { model, version, reason });
        if (refusedForMs !== undefined) this.#count('quarantines', { model, version });
      },
      instanceCrashed: ({ model, version, cause }) => this.#count('instanceCrashes', { model, version, cause }),
      instanceRecycled: ({ model, version, reason }) => this.#count('instanceRecycles', { model, version, reason }),
      modelLoaded: ({ model, version, durationMs }) => {
        this.#count('modelLoads', { model, version, outcome: 'succeeded' });
        this.#measure('modelLoadDuration', { model, version }, durationMs / 1e3);
      },
      modelLoadFailed: ({ model, version }) => this.#count('modelLoads', { model, version, outcome: 'failed' }),
      modelUnloaded: ({ model, version, cause }) => this.#count('modelUnloads', { model, version, cause }),
      requestSplit: ({ model, version, executions }) => {
        this.#count('splitRequests', { model, version });
        this.#count('splitParts', { model, version }, executions);
      },
      requestPadded: ({ model, version, elements, padding }) => {
        this.#count('inputElements', { model, version }, elements);
        this.#count('paddingElements', { model, version }, padding);
      },
      workWasted: ({ model, version, rows, ms }) => {
        this.#count('wastedRows', { model, version }, rows);
        this.#count('wastedSeconds', { model, version }, ms / 1e3);
      },
      batcherStalled: ({ model, version }) => this.#count('stalls', { model, version }),
      invariantViolated: () => this.#count('violations', {}),
      observerFailed: ({ observer }) => this.#count('observerFailures', { observer }),
    },
  };

  #readGauges(): void {
    for (const key of [
      'modelState',
      'modelInfo',
      'modelMemory',
      'loadWaitingRows',
      'instances',
      'instanceMemory',
      'batcherRows',
      'batchRowLimit',
      'queueRows',
      'queueOldest',
      'acceptedRows',
      'acceptedBytes',
    ] as const) {
      (this.#metrics[key] as Gauge).reset();
    }
    (this.#metrics.instanceRestarts as Counter).reset();
    (this.#metrics.eventsDropped as Counter).reset();
    this.#set('memoryBudget', {}, this.#readings.memoryBudgetBytes());
    for (const { model, version, state, memoryBytes, loadWaitingRows, loaded } of this.#readings.models()) {
      const ref = { model, version };
      this.#set('modelMemory', ref, memoryBytes);
      this.#set('loadWaitingRows', ref, loadWaitingRows);
      for (const each of ['LOADING', 'READY', 'UNLOADING', 'EVICTED', 'UNAVAILABLE'] as const) {
        this.#set('modelState', { ...ref, state: each }, Number(each === state));
      }
      if (loaded === undefined) continue;
      this.#set('modelInfo', { ...ref, execution_provider: loaded.provider, batched: String(loaded.batched) }, 1);
      this.#set('instances', ref, loaded.live);
      this.#set('batcherRows', ref, loaded.batcherRows);
      this.#set('batchRowLimit', ref, loaded.batchRowLimit);
      this.#count('instanceRestarts', ref, loaded.restarts);
      for (const { instance, bytes } of loaded.residentBytes) this.#set('instanceMemory', { ...ref, instance }, bytes);
    }
    for (const { model, version, waitingRows, oldestAgeMs, takenRows, takenBytes } of this.#readings.queues()) {
      const ref = { model, version };
      // A version that gives way to another of its number has a queue of its own until it has finished.
      this.#add('queueRows', ref, waitingRows);
      this.#add('queueOldest', ref, oldestAgeMs / 1e3);
      this.#add('acceptedRows', ref, takenRows);
      this.#add('acceptedBytes', ref, takenBytes);
    }
    this.#set('jobsInFlight', {}, this.#readings.jobsInFlight());
    const { waiting, busy } = this.#readings.steps();
    this.#set('stepItemsWaiting', {}, waiting);
    this.#set('stepThreadsBusy', {}, busy);
    this.#set('threadsGivenUp', {}, this.#readings.threadsGivenUp());
    this.#count('eventsDropped', {}, this.#readings.eventsDropped());
    for (const [stat, seconds] of this.#lag.read()) this.#set('eventLoopLag', { stat }, seconds);
  }

  #count(key: MetricKey, labels: Record<string, string | number>, by = 1): void {
    (this.#metrics[key] as Counter).inc(labels, by);
  }

  #measure(key: MetricKey, labels: Record<string, string | number>, value: number): void {
    (this.#metrics[key] as Histogram).observe(labels, Math.max(0, value));
  }

  #add(key: MetricKey, labels: Record<string, string | number>, value: number): void {
    (this.#metrics[key] as Gauge).inc(labels, value);
  }

  #set(key: MetricKey, labels: Record<string, string | number>, value: number): void {
    (this.#metrics[key] as Gauge).set(labels, value);
  }
}

function create({ type, name, help, labels, buckets }: MetricSpec, registry: Registry): Counter | Gauge | Histogram {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (type) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram({ ...options, buckets: [...(buckets ?? [])] });
  }
}
