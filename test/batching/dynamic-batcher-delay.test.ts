import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { staticPolicy } from '#src/batching/batch-policy.js';
import { batcherFor } from '../support/batcher-fixture.js';

describe('the dynamic batcher with the static policy', () => {
  it('runs a batch when its oldest request has waited long enough', async (t) => {
    const { clock, submit, batches } = batcherFor(t, { policy: staticPolicy(10) });
    void submit(1);
    await clock.advance(6);
    void submit(2);
    await clock.advance(3.9);
    assert.deepEqual(batches(), []);
    await clock.advance(0.1);
    assert.deepEqual(batches(), [[1, 2]]);
  });

  it('runs a full batch at once, and the rest when it is due', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t, { policy: staticPolicy(10), maxBatchSize: 2 });
    for (const value of [1, 2, 3]) void submit(value);
    await clock.settle();
    assert.deepEqual(batches(), [[1, 2]]);
    instances.only.finish();
    await clock.advance(9);
    assert.deepEqual(batches(), [[1, 2]]);
    await clock.advance(1);
    assert.deepEqual(batches(), [[1, 2], [3]]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('waits for each kind of request by itself', async (t) => {
    const { clock, submit, batches } = batcherFor(t, { policy: staticPolicy(10), instances: 2 });
    void submit(1, 2);
    await clock.advance(4);
    void submit(2, 3);
    await clock.advance(6);
    assert.deepEqual(batches(), [[1]]);
    await clock.advance(4);
    assert.deepEqual(batches(), [[1], [2]]);
  });

  it('runs at once what became due while no instance was idle', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t, { policy: staticPolicy(10), maxBatchSize: 1 });
    void submit(1);
    void submit(2);
    await clock.advance(50);
    instances.only.finish();
    await clock.settle();
    assert.deepEqual(batches(), [[1], [2]]);
  });
});
