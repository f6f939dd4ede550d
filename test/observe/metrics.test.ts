import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EventMap, EventName } from '#src/core/events.js';
import { type MetricSpec, metricTable } from '#src/observe/metric-table.js';
import { Metrics, type ModelReading, type Readings } from '#src/observe/metrics.js';
import { metricValue } from '../support/metrics-text.js';

const ref = { model: 'm', version: '1' };
const timings = { queue: 1, preprocess: 0, inference: 2, postprocess: 0, total: 4 };
const loaded = {
  provider: 'cpu',
  batched: true,
  live: 2,
  restarts: 3,
  batcherRows: 4,
  batchRowLimit: 5,
  residentBytes: [{ instance: 'm/1#0', bytes: 5 }],
};
const client = { requestId: 'r', traceparent: undefined, remote: '192.0.2.1', tenant: undefined };
const request = { ...client, method: 'GET', route: '/', status: 200, durationMs: 5 };
const call = { ...client, method: 'ModelInfer', status: 'OK', durationMs: 5 };
const batch = {
  ...ref,
  batchId: 1,
  rows: 8,
  reason: undefined,
  computeInputMs: 1,
  computeInferMs: 2,
  computeOutputMs: 3,
};
const queue = { ...ref, waitingRows: 5, oldestAgeMs: 1_500, takenRows: 6, takenBytes: 96 };

const quiet: Readings = {
  models: () => [],
  memoryBudgetBytes: () => 0,
  queues: () => [],
  jobsInFlight: () => 0,
  steps: () => ({ waiting: 0, busy: 0 }),
  threadsGivenUp: () => 0,
  eventsDropped: () => 0,
};

/** Metrics with a way to tell them events and to scrape one value. */
function start(t: TestContext, readings: Partial<Readings> = {}) {
  const metrics = new Metrics({ ...quiet, ...readings });
  t.after(() => metrics.close());
  const tell = <Name extends EventName>(name: Name, event: EventMap[Name]) => {
    (metrics.observer.on[name] as (event: EventMap[Name]) => void)(event);
  };
  const text = async () => (await metrics.scrape()).text;
  const value = async (name: string, labels?: Record<string, string>) => metricValue(await text(), name, labels);
  return { tell, text, value };
}

describe('the metric table', () => {
  const specs: readonly MetricSpec[] = Object.values(metricTable);

  it('gives each metric a name of its own that says its unit', () => {
    assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length);
    for (const { name, type, help } of specs) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      if (type === 'histogram') assert.match(name, /_(seconds|rows)$/);
      assert.match(name, /^millrace_[a-z_]+$/);
      assert.match(help, /[^.]$/);
    }
  });

  it('has labels of known meaning only: none that a client fills', () => {
    const known = ['method', 'route', 'status', 'model', 'version', 'outcome', 'phase', 'reason', 'stage', 'state'];
    known.push('execution_provider', 'batched', 'stat', 'observer', 'cause', 'instance');
    for (const { name, labels } of specs)
      for (const label of labels) assert.ok(known.includes(label), `${name}: ${label}`);
  });

  it('has rising buckets for every histogram', () => {
    for (const { name, type, buckets = [] } of specs) {
      assert.equal(buckets.length > 0, type === 'histogram', name);
      assert.deepEqual(
        buckets,
        [...buckets].sort((a, b) => a - b),
      );
    }
  });
});

describe('Metrics', () => {
  it('declares every metric of the table, and gives each a value when there is something to tell', async (t) => {
    const models = (): ModelReading[] => [{ ...ref, state: 'READY', memoryBytes: 0, loadWaitingRows: 0, loaded }];
    const { tell, text } = start(t, { models, queues: () => [queue] });
    for (const { name, type, help } of Object.values(metricTable)) {
      assert.ok((await text()).includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
    }
    tell('requestSettled', { ...request, code: undefined, cause: undefined });
    tell('callSettled', { ...call, code: undefined, cause: undefined });
    tell('jobRejected', { ...ref, jobId: 'j', rows: 1, code: 'QUEUE_FULL' });
    tell('jobSettled', { ...ref, jobId: 'j', rows: 1, outcome: 'succeeded', reason: undefined, timings });
    tell('batchExecuted', { ...batch, outcome: 'succeeded', reason: undefined });
    tell('executionRetried', { ...ref, batchId: 1, code: 'EXECUTION_FAILED', groups: 2 });
    tell('culpritFound', { ...ref, code: 'INSTANCE_CRASHED', digest: 'd', refusedForMs: 1 });
    tell('instanceCrashed', { ...ref, instance: 'm/1#0', reason: 'why', cause: 'crash', restartInMs: 1 });
    tell('instanceRecycled', { ...ref, instance: 'm/1#0', reason: 'runs' });
    tell('modelLoaded', { ...ref, durationMs: 1, memoryBytes: 1, isReload: false });
    tell('modelUnloaded', { ...ref, cause: 'evicted', memoryBytes: 1, residentMs: 1 });
    tell('requestSplit', { ...ref, rows: 20, executions: 2 });
    tell('requestPadded', { ...ref, elements: 8, padding: 2 });
    tell('workWasted', { ...ref, rows: 3, ms: 4 });
    tell('batcherStalled', { ...ref, reason: 'why', state: '{}' });
    tell('observerFailed', { observer: 'o', event: 'jobQueued', reason: 'why' });
    const scrape = await text();
    for (const { name, type } of Object.values(metricTable)) {
      assert.notEqual(metricValue(scrape, type === 'histogram' ? `${name}_count` : name), undefined, name);
    }
  });

  it('counts requests by what was answered', async (t) => {
    const { tell, value } = start(t);
    for (const status of [200, 200, 404])
      tell('requestSettled', { ...request, status, code: undefined, cause: undefined });
    assert.equal(await value('millrace_http_requests_total', { status: '200' }), 2);
    assert.equal(await value('millrace_http_requests_total', { status: '404', method: 'GET', route: '/' }), 1);
    assert.equal(await value('millrace_http_request_duration_seconds_sum', { route: '/' }), 0.015);
  });

  it('counts gRPC calls by method and status', async (t) => {
    const { tell, value } = start(t);
    for (const status of ['OK', 'OK', 'NOT_FOUND'])
      tell('callSettled', { ...call, status, code: undefined, cause: undefined });
    assert.equal(await value('millrace_grpc_calls_total', { method: 'ModelInfer', status: 'OK' }), 2);
    assert.equal(await value('millrace_grpc_calls_total', { status: 'NOT_FOUND' }), 1);
    assert.equal(await value('millrace_grpc_call_duration_seconds_sum', { method: 'ModelInfer' }), 0.015);
  });

  it('counts jobs by outcome, and times only those that succeeded', async (t) => {
    const { tell, value } = start(t);
    const job = { ...ref, jobId: 'j', rows: 1, timings };
    tell('jobSettled', { ...job, outcome: 'succeeded', reason: undefined });
    tell('jobSettled', { ...job, outcome: 'DEADLINE_EXCEEDED', reason: undefined });
    assert.equal(await value('millrace_jobs_total', { ...ref, outcome: 'succeeded' }), 1);
    assert.equal(await value('millrace_jobs_total', { ...ref, outcome: 'DEADLINE_EXCEEDED' }), 1);
    assert.equal(await value('millrace_job_phase_seconds_count', { phase: 'inference' }), 1);
    assert.equal(await value('millrace_job_phase_seconds_sum', { phase: 'total' }), 0.004);
  });

  it('counts loads and unloads, and says what is held', async (t) => {
    const models = (): ModelReading[] => [{ ...ref, state: 'EVICTED', memoryBytes: 7, loadWaitingRows: 3, loaded }];
    const { tell, value } = start(t, { models, memoryBudgetBytes: () => 99 });
    tell('modelLoaded', { ...ref, durationMs: 1500, memoryBytes: 7, isReload: false });
    tell('modelLoadFailed', { ...ref, reason: 'why', isReload: true });
    tell('modelUnloaded', { ...ref, cause: 'evicted', memoryBytes: 7, residentMs: 1 });
    assert.equal(await value('millrace_model_loads_total', { outcome: 'succeeded' }), 1);
    assert.equal(await value('millrace_model_loads_total', { outcome: 'failed' }), 1);
    assert.equal(await value('millrace_model_load_seconds_sum', ref), 1.5);
    assert.equal(await value('millrace_model_unloads_total', { cause: 'evicted' }), 1);
    assert.equal(await value('millrace_model_memory_bytes', ref), 7);
    assert.equal(await value('millrace_load_waiting_rows', ref), 3);
    assert.equal(await value('millrace_memory_budget_bytes'), 99);
    assert.equal(await value('millrace_model_state', { ...ref, state: 'EVICTED' }), 1);
  });

  it('counts batches, their rows and their stages', async (t) => {
    const { tell, value } = start(t);
    tell('batchExecuted', { ...batch, outcome: 'succeeded', reason: undefined });
    tell('batchExecuted', { ...batch, rows: 2, outcome: 'INSTANCE_CRASHED', reason: 'why' });
    assert.equal(await value('millrace_batches_total', { outcome: 'INSTANCE_CRASHED' }), 1);
    assert.equal(await value('millrace_rows_total', ref), 10);
    assert.equal(await value('millrace_batch_rows_bucket', { le: '2' }), 1);
    assert.equal(await value('millrace_batch_rows_bucket', { le: '8' }), 2);
    assert.equal(await value('millrace_batch_compute_seconds_sum', { stage: 'output' }), 0.003);
    assert.equal(await value('millrace_batch_compute_seconds_count', { stage: 'infer' }), 1);
  });

  it('counts what is done about executions that fail', async (t) => {
    const { tell, value } = start(t);
    const [failed, crashed] = [{ reason: 'EXECUTION_FAILED' }, { reason: 'INSTANCE_CRASHED' }];
    tell('executionRetried', { ...ref, batchId: 1, code: 'EXECUTION_FAILED', groups: 2 });
    tell('executionRetried', { ...ref, batchId: 2, code: 'EXECUTION_FAILED', groups: 3 });
    tell('executionRetried', { ...ref, batchId: 3, code: 'INSTANCE_CRASHED', groups: 1 });
    assert.equal(await value('millrace_bisections_total', failed), 2);
    assert.equal(await value('millrace_bisections_total', crashed), undefined);
    assert.equal(await value('millrace_retries_total', failed), 5);
    assert.equal(await value('millrace_retries_total', crashed), 1);
    tell('culpritFound', { ...ref, code: 'EXECUTION_FAILED', digest: 'd', refusedForMs: undefined });
    assert.equal(await value('millrace_quarantines_total', ref), undefined);
    tell('culpritFound', { ...ref, code: 'INSTANCE_CRASHED', digest: 'd', refusedForMs: 60_000 });
    assert.equal(await value('millrace_culprits_total', failed), 1);
    assert.equal(await value('millrace_quarantines_total', ref), 1);
  });

  it('counts what batches cost beyond their work', async (t) => {
    const { tell, value } = start(t);
    assert.equal(await value('millrace_invariant_violations_total'), 0);
    for (const executions of [2, 5]) tell('requestSplit', { ...ref, rows: 80, executions });
    for (const padding of [0, 4]) tell('requestPadded', { ...ref, elements: 16, padding });
    for (const rows of [3, 4]) tell('workWasted', { ...ref, rows, ms: 500 });
    tell('batcherStalled', { ...ref, reason: 'why', state: '{}' });
    tell('invariantViolated', { ...ref, what: 'it' });
    assert.equal(await value('millrace_split_requests_total', ref), 2);
    assert.equal(await value('millrace_split_parts_total', ref), 7);
    assert.equal(await value('millrace_bucket_elements_total', ref), 32);
    assert.equal(await value('millrace_bucket_padding_elements_total', ref), 4);
    assert.equal(await value('millrace_wasted_rows_total', ref), 7);
    assert.equal(await value('millrace_wasted_seconds_total', ref), 1);
    assert.equal(await value('millrace_batcher_stalls_total', ref), 1);
    assert.equal(await value('millrace_invariant_violations_total'), 1);
  });

  it('never measures less than nothing', async (t) => {
    const { tell, value } = start(t);
    tell('batchExecuted', { ...batch, outcome: 'succeeded', computeInputMs: -0.001 });
    assert.equal(await value('millrace_batch_compute_seconds_sum', { stage: 'input' }), 0);
  });

  it('reads gauges when it is scraped, and forgets what is no longer there', async (t) => {
    let models: ModelReading[] = [{ ...ref, state: 'READY', memoryBytes: 0, loadWaitingRows: 0, loaded }];
    const steps = () => ({ waiting: 9, busy: 2 });
    const { value } = start(t, { models: () => models, queues: () => [queue], jobsInFlight: () => 7, steps });
    assert.equal(await value('millrace_model_state', { ...ref, state: 'READY' }), 1);
    assert.equal(await value('millrace_model_state', { ...ref, state: 'LOADING' }), 0);
    assert.equal(await value('millrace_model_info', { execution_provider: 'cpu', batched: 'true' }), 1);
    assert.equal(await value('millrace_instances', ref), 2);
    assert.equal(await value('millrace_queue_rows', ref), 5);
    assert.equal(await value('millrace_queue_oldest_seconds', ref), 1.5);
    assert.equal(await value('millrace_accepted_rows', ref), 6);
    assert.equal(await value('millrace_accepted_bytes', ref), 96);
    assert.equal(await value('millrace_batcher_rows', ref), 4);
    assert.equal(await value('millrace_jobs_in_flight'), 7);
    assert.equal(await value('millrace_step_items_waiting'), 9);
    assert.equal(await value('millrace_step_threads_busy'), 2);
    models = [{ ...ref, state: 'UNAVAILABLE', memoryBytes: 0, loadWaitingRows: 0, loaded: undefined }];
    assert.equal(await value('millrace_model_state', { state: 'UNAVAILABLE' }), 1);
    assert.equal(await value('millrace_instances', ref), undefined);
    models = [];
    assert.equal(await value('millrace_model_state'), undefined);
  });

  it('gives counters that others keep as they stand, however often it is scraped', async (t) => {
    const { text, value } = start(t, {
      models: () => [{ ...ref, state: 'READY', memoryBytes: 0, loadWaitingRows: 0, loaded }],
      eventsDropped: () => 9,
    });
    await text();
    assert.equal(await value('millrace_instance_restarts_total', ref), 3);
    assert.equal(await value('millrace_events_dropped_total'), 9);
  });

  it('tells of the process too, without names that Prometheus objects to', async (t) => {
    const scrape = await start(t).text();
    assert.match(scrape, /^process_resident_memory_bytes \d+/m);
    assert.doesNotMatch(scrape, /nodejs_active_(?:handles|requests|resources)_total/);
    for (const stat of ['p50', 'p99', 'max'])
      assert.notEqual(metricValue(scrape, 'millrace_event_loop_lag_seconds', { stat }), undefined);
  });

  it('stands beside those of another server in the same process', async (t) => {
    const [one, two] = [start(t), start(t)];
    one.tell('requestSettled', { ...request, code: undefined, cause: undefined });
    assert.equal(await one.value('millrace_http_requests_total'), 1);
    assert.equal(await two.value('millrace_http_requests_total'), undefined);
  });
});
