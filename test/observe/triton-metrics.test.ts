import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '#src/core/errors.js';
import type { EventMap, EventName, Observer } from '#src/core/events.js';
import { tritonMetricTable } from '#src/observe/triton-metric-table.js';
import { TritonMetrics } from '#src/observe/triton-metrics.js';
import { InferenceStatistics } from '#src/v2/statistics.js';
import { affine } from '../support/fixture-models.js';
import { metricValue } from '../support/metrics-text.js';
import { startTestServer } from '../support/test-server.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ref = { model: 'm', version: '1' };
const timings = { queue: 1, preprocess: 2, inference: 8, postprocess: 3, total: 17 };
const job = { ...ref, jobId: 'j', rows: 3, reason: undefined, timings };

function start() {
  const statistics = new InferenceStatistics(new VirtualClock());
  const triton = new TritonMetrics({ models: () => [{ ...ref, pending: 5 }] }, statistics);
  const observers: Observer[] = [statistics.observer, triton.observer];
  const tell = <Name extends EventName>(name: Name, event: EventMap[Name]) => {
    for (const { on } of observers) on[name]?.(event);
  };
  const value = async (name: string, labels: Record<string, string> = ref) =>
    metricValue(await triton.text(), name, labels);
  return { tell, value, triton };
}

describe('TritonMetrics', () => {
  it('tells sums in microseconds under the names that Triton has', async () => {
    const { tell, value } = start();
    tell('batchExecuted', {
      ...ref,
      batchId: 1,
      rows: 3,
      outcome: 'succeeded',
      reason: undefined,
      computeInputMs: 1,
      computeInferMs: 2,
      computeOutputMs: 1,
    });
    tell('jobSettled', { ...job, outcome: 'succeeded' });
    tell('jobSettled', { ...job, outcome: 'succeeded' });
    const expected = {
      nv_inference_request_success: 2,
      nv_inference_count: 6,
      nv_inference_exec_count: 1,
      nv_inference_pending_request_count: 5,
      nv_inference_request_duration_us: 34_000,
      nv_inference_queue_duration_us: 2_000,
      // A quarter, a half and a quarter of the time with the model; and the pipeline's stages.
      nv_inference_compute_input_duration_us: 2 * (2_000 + 2_000),
      nv_inference_compute_infer_duration_us: 8_000,
      nv_inference_compute_output_duration_us: 2 * (3_000 + 2_000),
    };
    for (const [name, number] of Object.entries(expected)) assert.equal(await value(name), number, name);
  });

  it('gives the same at every scrape', async () => {
    const { tell, triton } = start();
    tell('jobSettled', { ...job, outcome: 'succeeded' });
    tell('jobSettled', { ...job, outcome: 'CANCELLED' });
    assert.equal(await triton.text(), await triton.text());
  });

  it('sorts failures as Triton does', async () => {
    const { tell, value } = start();
    const failure = (reason: string) => value('nv_inference_request_failure', { ...ref, reason });
    assert.equal(await failure('REJECTED'), 0);
    tell('jobRejected', { ...ref, jobId: 'j', rows: 1, code: 'QUEUE_FULL' });
    const codes: ErrorCode[] = ['DEADLINE_EXCEEDED', 'CANCELLED', 'EXECUTION_FAILED', 'INSTANCE_CRASHED', 'INTERNAL'];
    for (const outcome of codes) tell('jobSettled', { ...job, outcome });
    const counted = await Promise.all(['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'].map(failure));
    assert.deepEqual(counted, [2, 1, 2, 1]);
  });

  it('tells how long loading took', async () => {
    const { tell, value } = start();
    assert.equal(await value('nv_model_load_duration_secs'), undefined);
    tell('modelLoaded', { ...ref, durationMs: 2_500, memoryBytes: 1, isReload: false });
    assert.equal(await value('nv_model_load_duration_secs'), 2.5);
  });
});

describe('GET /metrics with metrics.triton', () => {
  it('has every one of those names for a model, beside millrace’s own', async (t) => {
    const { get, post, stop } = await startTestServer({ 'm/model.onnx': affine() }, { metrics: { triton: true } });
    t.after(stop);
    await post('/predict', { model: 'm', input: [1, 2, 3, 4] }).expect(200);
    const { text } = await get('/metrics').expect(200);
    for (const { name, type } of Object.values(tritonMetricTable)) {
      assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
      assert.notEqual(metricValue(text, name, ref), undefined, name);
    }
    assert.equal(metricValue(text, 'nv_inference_count', ref), 1);
    assert.equal(metricValue(text, 'millrace_rows_total', ref), 1);
  });

  it('has none of them otherwise', async (t) => {
    const { get, stop } = await startTestServer({ 'm/model.onnx': affine() });
    t.after(stop);
    assert.doesNotMatch((await get('/metrics')).text, /^nv_/m);
  });
});
