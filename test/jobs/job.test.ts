import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InferenceRequest } from '#src/batching/batch.js';
import { MillraceError } from '#src/core/errors.js';
import type { JobState } from '#src/jobs/job.js';
import { Job, type JobOwner } from '#src/jobs/job.js';
import { ManualProcessor, recordedJob } from '../support/job-requests.js';
import { VirtualClock } from '../support/virtual-clock.js';

const cancelled = new MillraceError('CANCELLED', 'cancelled');
const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'gone');
const refused = new MillraceError('EXECUTION_FAILED', 'refused');
const stopping = new MillraceError('SHUTTING_DOWN', 'stopping');

/** A job that arrived 10 ms ago with 100 ms to live, and all that it told. */
function setUp() {
  const clock = new VirtualClock({ startMs: 500, wallStartMs: 1_000_000 });
  const processor = new ManualProcessor();
  const { request, outcomes } = recordedJob({ id: 'a', timeoutMs: 100, receivedAt: 490, rows: 2 });
  const told: string[] = [];
  const status = { left: 0 };
  const owner: JobOwner = {
    ref: processor.ref,
    group: undefined,
    clock,
    limits: processor.limits,
    abandoned: (job) => told.push(`abandoned while ${job.view().state}`),
    settled: (job) => told.push(`settled as ${job.view().state} after ${outcomes.length} outcome`),
    left: () => (status.left += 1),
  };
  const job = new Job(request, { rows: 2, bytes: 20 }, owner);
  /** Runs the job; gives how often it has left the model. */
  const run = () => {
    void job.run(processor, request.input as InferenceRequest);
    return status;
  };
  return { clock, processor, job, outcomes, told, run };
}

describe('a job', () => {
  it('is queued, runs, and succeeds with its result', async () => {
    const { clock, processor, job, outcomes, told, run } = setUp();
    assert.deepEqual([job.view().state, job.rows, job.bytes], ['queued', 2, 20]);
    await clock.advance(5);
    const status = run();
    assert.equal(job.view().state, 'running');
    await clock.advance(20);
    const outputs = { y: { datatype: 'FP32', shape: [1], data: Float32Array.of(4) } } as const;
    processor.call(0).succeed({ outputs, batchRows: 3, waitedMs: 7, inferenceMs: 13 });
    await clock.settle();
    const timings = { queue: 22, preprocess: 0, inference: 13, postprocess: 0, total: 35 };
    assert.deepEqual(outcomes, [{ state: 'succeeded', outputs, batchSize: 3, timings }]);
    assert.deepEqual(told, ['settled as succeeded after 1 outcome']);
    assert.deepEqual(job.view(), {
      ...processor.ref,
      id: 'a',
      group: undefined,
      state: 'succeeded',
      error: undefined,
      timings,
      createdAt: 1_000_000,
      finishedAt: 1_000_025,
    });
    assert.equal(status.left, 1);
  });

  it('fails with the error of the model, and INTERNAL for one that is not ours', async () => {
    for (const [error, code] of [
      [refused, 'EXECUTION_FAILED'],
      [new RangeError('x'), 'INTERNAL'],
    ] as const) {
      const { clock, processor, job, outcomes, run } = setUp();
      run();
      processor.call(0).fail(error);
      await clock.settle();
      assert.equal(job.view().state, 'failed');
      assert.equal(job.view().error?.code, code);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.state),
        ['failed'],
      );
    }
  });

  it('fails at its deadline, counted from when it was received', async () => {
    const { clock, job, outcomes, told } = setUp();
    assert.equal(job.deadlineAt, 590);
    await clock.advance(89);
    assert.equal(outcomes.length, 0);
    await clock.advance(1);
    const [outcome] = outcomes;
    assert.ok(outcome?.state === 'failed');
    assert.equal(outcome.error.code, 'DEADLINE_EXCEEDED');
    assert.match(outcome.error.message, /100 ms/);
    assert.deepEqual(outcome.timings, { queue: 100, preprocess: 0, inference: 0, postprocess: 0, total: 100 });
    assert.deepEqual(told, ['abandoned while queued', 'settled as failed after 1 outcome']);
  });

  it('leaves no timer behind, however it ends', async () => {
    for (const end of ['result', 'cancel', 'deadline'] as const) {
      const { clock, processor, job, run } = setUp();
      run();
      if (end === 'result') processor.call(0).succeed();
      if (end === 'cancel') job.cancel(cancelled);
      await clock.advance(end === 'deadline' ? 90 : 0);
      assert.equal(clock.pendingTimers, 0, end);
    }
  });

  const endings: [MillraceError, JobState][] = [
    [cancelled, 'cancelled'],
    [gone, 'cancelled'],
    [stopping, 'failed'],
    [refused, 'failed'],
  ];
  for (const [error, state] of endings) {
    it(`that is ended with ${error.code} is ${state}, while it is queued and while it runs`, async () => {
      for (const before of ['queued', 'running'] as const) {
        const { clock, job, outcomes, told, run } = setUp();
        if (before === 'running') run();
        job.cancel(error);
        await clock.settle();
        assert.deepEqual([job.view().state, job.view().error], [state, error]);
        assert.deepEqual(
          outcomes.map((outcome) => outcome.state),
          [state],
        );
        assert.deepEqual(told, [`abandoned while ${before}`, `settled as ${state} after 1 outcome`]);
      }
    });
  }

  it('that is cancelled while it runs tells the model, and has left only when the model says so', async () => {
    const { clock, processor, job, outcomes, run } = setUp();
    const status = run();
    job.cancel(cancelled);
    await clock.settle();
    assert.deepEqual([processor.call(0).signal.reason, status.left], [cancelled, 0]);
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([status.left, outcomes.length, job.view().state], [1, 1, 'cancelled']);
  });

  it('that has settled is not run', async () => {
    const { clock, processor, job, outcomes, run } = setUp();
    job.cancel(cancelled);
    const status = run();
    await clock.settle();
    assert.deepEqual([processor.calls.length, status.left, outcomes.length], [0, 1, 1]);
  });

  it('settles once: what comes later changes nothing', async () => {
    const { clock, processor, job, outcomes, told, run } = setUp();
    run();
    processor.call(0).succeed();
    await clock.settle();
    job.cancel(cancelled);
    job.fail(refused);
    await clock.advance(1000);
    assert.deepEqual([outcomes.length, told.length, job.view().state], [1, 1, 'succeeded']);
  });
});
