import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import type { JobView } from '#src/jobs/job.js';
import { ManualProcessor } from '../support/job-requests.js';
import { manualService } from '../support/manual-service.js';

describe('the job service', () => {
  it('sees a job through, and tells of it', async () => {
    const { clock, events, service, processor, submit, states } = manualService();
    const { outcomes } = submit('a', { rows: 2 });
    assert.deepEqual([states('a'), service.inFlight, processor.rows], ['running', 1, [2]]);
    await clock.advance(12);
    processor.call(0).succeed({ batchRows: 5, waitedMs: 4, inferenceMs: 8 });
    await clock.settle();
    const timings = { queue: 4, preprocess: 0, inference: 8, postprocess: 0, total: 12 };
    assert.deepEqual(outcomes, [{ state: 'succeeded', outputs: {}, batchSize: 5, timings }]);
    assert.deepEqual([states('a'), service.inFlight], ['succeeded', 0]);
    const job = { ...processor.ref, jobId: 'a', rows: 2 };
    assert.deepEqual(events.of('jobQueued'), [job]);
    assert.deepEqual(events.of('jobSettled'), [{ ...job, outcome: 'succeeded', reason: undefined, timings }]);
  });

  it('fails a job with the error of its model, and remembers which', async () => {
    const { clock, events, service, processor, submit } = manualService();
    const { outcomes } = submit('a');
    const refused = new MillraceError('EXECUTION_FAILED', 'index out of range');
    processor.call(0).fail(refused);
    await clock.settle();
    assert.ok(outcomes[0]?.state === 'failed');
    assert.equal(outcomes[0].error, refused);
    assert.equal((service.find('a') as JobView).error, refused);
    assert.equal(events.of('jobSettled')[0]?.outcome, 'EXECUTION_FAILED');
  });

  it('never delivers before submit has returned, whatever the input or the deadline', async () => {
    const { clock, submit } = manualService();
    const misfit = submit('a', { input: new MillraceError('INVALID_INPUT', 'misfit') });
    const late = submit('b', { timeoutMs: 5, receivedAt: -10 });
    assert.deepEqual([misfit.outcomes, late.outcomes], [[], []]);
    await clock.advance(0);
    assert.deepEqual([misfit.outcomes.length, late.outcomes.length], [1, 1]);
  });

  it('keeps a queue for each model: a slow one holds up no other', () => {
    const { processor, submit, states } = manualService();
    const other = new ManualProcessor();
    processor.concurrency = 1;
    submit('slow');
    submit('behind');
    submit('elsewhere', { model: other });
    assert.deepEqual(['slow', 'behind', 'elsewhere'].map(states), ['running', 'queued', 'running']);
  });

  it('tells what waits and what is taken, per model', async () => {
    const { clock, service, processor, submit } = manualService();
    processor.concurrency = 1;
    submit('a', { rows: 2 });
    await clock.advance(3);
    submit('b', { rows: 4 });
    await clock.advance(5);
    // A row is a number of four bytes; each request has a scale of four besides.
    assert.deepEqual(service.queues, [
      {
        ...processor.ref,
        waitingJobs: 1,
        waitingRows: 4,
        oldestAgeMs: 5,
        takenRows: 6,
        takenBytes: 2 * 4 + 4 + 4 * 4 + 4,
      },
    ]);
  });

  it('refuses what does not fit into the queue, tells of it, and takes it when there is room', async () => {
    const { clock, events, service, processor, submit, takenRows } = manualService();
    processor.limits = { queueRows: 3, queueBytes: 1000 };
    submit('a', { rows: 2 });
    assert.throws(() => submit('b', { rows: 2 }), { code: 'QUEUE_FULL' });
    assert.equal(service.find('b'), undefined);
    const rejected = { ...processor.ref, jobId: 'b', rows: 2, code: 'QUEUE_FULL' };
    assert.deepEqual(events.of('jobRejected'), [rejected]);
    processor.call(0).succeed();
    await clock.settle();
    submit('b', { rows: 2 });
    assert.deepEqual([processor.rows, takenRows()], [[2, 2], 2]);
  });

  it('takes an input that does not fit the model for a job that fails, and gives it no room', async () => {
    const { clock, processor, submit, states, takenRows } = manualService();
    processor.limits = { queueRows: 1, queueBytes: 8 };
    submit('a');
    const misfit = new MillraceError('INVALID_INPUT', 'misfit');
    const { outcomes } = submit('b', { input: misfit });
    assert.equal(takenRows(), 1);
    await clock.settle();
    assert.ok(outcomes[0]?.state === 'failed');
    assert.equal(outcomes[0].error, misfit);
    assert.deepEqual([states('a'), processor.calls.length, takenRows()], ['running', 1, 1]);
  });
});

describe('a job that nobody waits for', () => {
  it('frees its place at once while it is queued, and is never run', async () => {
    const { clock, processor, submit, states, takenRows } = manualService();
    processor.concurrency = 1;
    submit('a');
    const { outcomes, leave } = submit('b', { rows: 5 });
    leave();
    assert.deepEqual([takenRows(), states('b'), outcomes.length], [1, 'cancelled', 1]);
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([processor.rows, takenRows()], [[1], 0]);
  });

  it('keeps its place in the model until the model lets it go', async () => {
    const { clock, processor, submit, states, takenRows } = manualService();
    processor.concurrency = 1;
    const first = submit('a', { rows: 3 });
    submit('b');
    first.leave();
    await clock.settle();
    assert.deepEqual([first.outcomes.length, states('a')], [1, 'cancelled']);
    assert.deepEqual([states('b'), takenRows()], ['queued', 4]);
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([states('b'), takenRows(), first.outcomes.length], ['running', 1, 1]);
  });

  it('ends at its deadline, queued or running, to the millisecond', async () => {
    const { clock, processor, submit, states, takenRows } = manualService();
    processor.concurrency = 1;
    submit('a', { timeoutMs: 30 });
    submit('b', { timeoutMs: 20, rows: 2 });
    await clock.advance(19);
    assert.deepEqual([states('a'), states('b')], ['running', 'queued']);
    await clock.advance(1);
    assert.deepEqual([states('a'), states('b'), takenRows()], ['running', 'failed', 1]);
    await clock.advance(10);
    assert.deepEqual([states('a'), takenRows()], ['failed', 1]);
    processor.call(0).fail(new Error('late'));
    await clock.settle();
    assert.deepEqual([processor.calls.length, takenRows()], [1, 0]);
  });

  it('frees the places of all its client had queued, and others move up', async () => {
    const { clock, processor, submit, takenRows } = manualService();
    processor.concurrency = 1;
    processor.limits = { queueRows: 500, queueBytes: 100_000 };
    submit('running');
    const queued = Array.from({ length: 400 }, (_, index) => submit(`j${index}`, { priority: 1 }));
    submit('other', { rows: 7, priority: 9 });
    for (const { leave } of queued) leave();
    assert.equal(takenRows(), 8);
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual(processor.rows, [1, 7]);
  });
});
