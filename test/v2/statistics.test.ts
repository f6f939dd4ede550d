import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventMap } from '#src/core/events.js';
import { InferenceStatistics } from '#src/v2/statistics.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ref = { model: 'm', version: '1' };
const timings = { queue: 1, preprocess: 2, inference: 10, postprocess: 3, total: 17 };

function statistics() {
  const clock = new VirtualClock();
  const counter = new InferenceStatistics(clock);
  const { on } = counter.observer;
  return {
    counter,
    clock,
    job: (event: Partial<EventMap['jobSettled']> = {}) =>
      on.jobSettled?.({ ...ref, jobId: 'j', rows: 1, outcome: 'succeeded', reason: undefined, timings, ...event }),
    execution: (event: Partial<EventMap['batchExecuted']> = {}) =>
      on.batchExecuted?.({
        ...ref,
        batchId: 1,
        rows: 4,
        outcome: 'succeeded',
        reason: undefined,
        computeInputMs: 1,
        computeInferMs: 6,
        computeOutputMs: 1,
        ...event,
      }),
    reject: () => on.jobRejected?.({ ...ref, jobId: 'j', rows: 1, code: 'QUEUE_FULL' }),
  };
}

const ms = 1e6;

describe('InferenceStatistics', () => {
  it('begins with nothing', () => {
    const { last_inference, inference_count, execution_count, batch_stats, inference_stats } =
      statistics().counter.of(ref);
    assert.deepEqual([last_inference, inference_count, execution_count, batch_stats], [0, 0, 0, []]);
    for (const duration of Object.values(inference_stats)) assert.deepEqual(duration, { count: 0, ns: 0 });
  });

  it('counts rows of jobs, and executions', () => {
    const { counter, clock, job, execution } = statistics();
    execution();
    job({ rows: 3 });
    job({ rows: 1 });
    const stats = counter.of(ref);
    assert.deepEqual([stats.inference_count, stats.execution_count], [4, 1]);
    assert.equal(stats.last_inference, Math.round(clock.wallTime()));
  });

  it('divides the time of a job with the model as the execution divided its own; what else it took adds up', () => {
    const { counter, job, execution } = statistics();
    execution({ computeInputMs: 1, computeInferMs: 3, computeOutputMs: 1 });
    job();
    const { success, queue, compute_input, compute_infer, compute_output } = counter.of(ref).inference_stats;
    assert.deepEqual(success, { count: 1, ns: 17 * ms });
    assert.deepEqual(queue, { count: 1, ns: 1 * ms });
    assert.deepEqual(compute_input, { count: 1, ns: (2 + 2) * ms });
    assert.deepEqual(compute_infer, { count: 1, ns: 6 * ms });
    assert.deepEqual(compute_output, { count: 1, ns: (2 + 3) * ms });
  });

  it('keeps each size of executions apart', () => {
    const { counter, execution } = statistics();
    execution({ rows: 4 });
    execution({ rows: 1, computeInferMs: 2 });
    execution({ rows: 4 });
    const [one, four] = counter.of(ref).batch_stats;
    assert.deepEqual([one?.batch_size, one?.compute_infer], [1, { count: 1, ns: 2 * ms }]);
    assert.deepEqual([four?.batch_size, four?.compute_infer], [4, { count: 2, ns: 12 * ms }]);
  });

  it('counts what failed or was refused as failures', () => {
    const { counter, job, execution, reject } = statistics();
    job({ outcome: 'EXECUTION_FAILED' });
    execution({ outcome: 'EXECUTION_FAILED' });
    reject();
    const stats = counter.of(ref);
    assert.deepEqual(stats.inference_stats.fail, { count: 2, ns: 17 * ms });
    assert.deepEqual([stats.inference_count, stats.execution_count, stats.inference_stats.success.count], [0, 0, 0]);
  });

  it('never runs backwards when the clocks of two threads disagree', () => {
    const { counter, job, execution } = statistics();
    execution({ computeInputMs: -1, computeInferMs: 5, computeOutputMs: 5 });
    job({ timings: { queue: 0, preprocess: 0, inference: 10, postprocess: 0, total: 10 } });
    const { compute_input, compute_infer, compute_output } = counter.of(ref).inference_stats;
    assert.deepEqual([compute_input.ns, compute_infer.ns, compute_output.ns], [0, 5 * ms, 5 * ms]);
  });

  it('knows models by name and version, and shows one under the name that was asked for', () => {
    const { counter, job } = statistics();
    job({ version: '2' });
    assert.equal(counter.of(ref).inference_count, 0);
    const stats = counter.of({ model: 'm', version: '2' }, 'm.tensors');
    assert.deepEqual([stats.name, stats.version, stats.inference_count], ['m.tensors', '2', 1]);
  });
});
