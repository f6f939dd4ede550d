import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { staticPolicy } from '#src/batching/batch-policy.js';
import { MillraceError } from '#src/core/errors.js';
import { batcherFor } from '../support/batcher-fixture.js';
import { type FakeModelOptions, scaledRows } from '../support/fake-model.js';

const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left.');
const unloaded = new MillraceError('MODEL_UNAVAILABLE', 'The model was unloaded.');

function setUp(t: TestContext, options: Omit<FakeModelOptions, 'clock' | 'events'> = {}) {
  const { clock, batcher, instances, batches } = batcherFor(t, options);
  /** Submits a row that holds this number; gives what comes of it, and the means to leave. */
  const submit = (value: number) => {
    const controller = new AbortController();
    const result = batcher.submit(scaledRows([[value]]), controller.signal);
    let settled: unknown;
    const watch = async () => {
      try {
        await result;
        settled = 'succeeded';
      } catch (error) {
        settled = error;
      }
    };
    void watch();
    return { result, leave: () => controller.abort(gone), settled: () => settled };
  };
  return { clock, batcher, instances, submit, batches };
}

describe('a request that is aborted', () => {
  it('leaves the buffer at once and is never run', async (t) => {
    const { clock, batcher, instances, submit, batches } = setUp(t, { maxBatchSize: 2 });
    submit(1);
    submit(2);
    await clock.settle();
    const [third, fourth] = [submit(3), submit(4)];
    third.leave();
    assert.equal(batcher.waitingRows, 1);
    await assert.rejects(third.result, gone);
    instances.only.finish();
    await clock.settle();
    instances.only.finish();
    await clock.settle();
    assert.deepEqual([batches(), fourth.settled()], [[[1, 2], [4]], 'succeeded']);
  });

  it('is not run if it left in the turn in which it came', async (t) => {
    const { clock, submit, batches } = setUp(t);
    const { leave, result } = submit(1);
    submit(2);
    leave();
    await assert.rejects(result, gone);
    await clock.settle();
    assert.deepEqual(batches(), [[2]]);
  });

  it('makes no batch when it was the only one', async (t) => {
    const { clock, instances, submit, batches } = setUp(t);
    const { leave, result } = submit(1);
    leave();
    await assert.rejects(result, gone);
    await clock.settle();
    assert.deepEqual([batches(), instances.idle], [[], 1]);
  });

  it('is refused at the door when it had left before', async (t) => {
    const { batcher } = setUp(t);
    await assert.rejects(batcher.submit(scaledRows([[1]]), AbortSignal.abort(gone)), gone);
    assert.equal(batcher.waitingRows, 0);
  });

  it('gets a MillraceError, also when the signal gives another reason', async (t) => {
    const { batcher } = setUp(t);
    await assert.rejects(batcher.submit(scaledRows([[1]]), AbortSignal.abort('bored')), { code: 'CANCELLED' });
  });

  it('keeps its place while it runs, and settles with its batch', async (t) => {
    const { clock, batcher, instances, submit } = setUp(t);
    const [first, second] = [submit(1), submit(2)];
    await clock.settle();
    first.leave();
    await clock.settle();
    assert.deepEqual([first.settled(), batcher.running], [undefined, 1]);
    instances.only.finish();
    await clock.settle();
    assert.deepEqual([first.settled(), second.settled()], ['succeeded', 'succeeded']);
  });

  it('does not end the waiting of those behind it', async (t) => {
    const { clock, submit, batches } = setUp(t, { policy: staticPolicy(10) });
    const first = submit(1);
    await clock.advance(4);
    submit(2);
    first.leave();
    await assert.rejects(first.result, gone);
    await clock.advance(9);
    assert.deepEqual(batches(), []);
    await clock.advance(1);
    assert.deepEqual(batches(), [[2]]);
  });
});

describe('a batcher that is destroyed', () => {
  it('fails what waits and what comes, and lets finish what runs', async (t) => {
    const { clock, batcher, instances, submit, batches } = setUp(t);
    const first = submit(1);
    await clock.settle();
    const second = submit(2);
    batcher.destroy(unloaded);
    await assert.rejects(second.result, unloaded);
    await assert.rejects(submit(3).result, unloaded);
    instances.only.finish();
    await clock.settle();
    assert.deepEqual([batches(), first.settled()], [[[1]], 'succeeded']);
  });

  it('keeps the first reason, and leaves no timer behind', async (t) => {
    const { clock, batcher, submit } = setUp(t, { policy: staticPolicy(10) });
    const { result } = submit(1);
    await clock.settle();
    assert.equal(clock.pendingTimers, 1);
    batcher.destroy(unloaded);
    batcher.destroy(gone);
    assert.equal(clock.pendingTimers, 0);
    await assert.rejects(result, unloaded);
    await assert.rejects(submit(2).result, unloaded);
  });
});
