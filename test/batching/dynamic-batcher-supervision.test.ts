import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BatchPolicy, greedyPolicy } from '#src/batching/batch-policy.js';
import { findStall } from '#src/batching/batcher-state.js';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import { scaledRows } from '../support/fake-model.js';

const ref = { model: 'fake', version: '1' };

describe('the pump of the batcher', () => {
  it('looks again after a policy has thrown, and tells of it', async (t) => {
    let isBroken = true;
    const policy: BatchPolicy = {
      name: 'broken',
      decide: (view) => {
        if (isBroken) throw new Error('no idea');
        return greedyPolicy.decide(view);
      },
    };
    const { clock, events, instances, submit, expectedViolations } = batcherFor(t, { policy });
    const result = submit(1);
    await clock.advance(150);
    expectedViolations.push('the pump threw: no idea', 'the pump threw: no idea');
    assert.deepEqual(
      events.of('invariantViolated'),
      expectedViolations.map((what) => ({ ...ref, what })),
    );
    isBroken = false;
    await clock.advance(50);
    instances.only.finish();
    assert.equal((await result).batchRows, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('fails the batch for which the pool has no instance after all, and goes on', async (t) => {
    const { clock, instances, submit, batches, expectedViolations } = batcherFor(t);
    const take = instances.take.bind(instances);
    instances.take = () => undefined;
    const lost = assert.rejects(submit(1), { code: 'INTERNAL' });
    await clock.settle();
    await lost;
    expectedViolations.push('batch 1 threw: an instance that was free is not there');
    instances.take = take;
    void submit(2);
    await clock.settle();
    assert.deepEqual(batches(), [[2]]);
  });

  it('settles a batch also when handing back its instance throws', async (t) => {
    const { clock, batcher, instances, submit, expectedViolations } = batcherFor(t);
    instances.giveBack = () => {
      throw new Error('nobody home');
    };
    const result = submit(1);
    await clock.settle();
    instances.only.finish();
    await assert.rejects(result, { code: 'INTERNAL' });
    assert.equal(batcher.running, 0);
    expectedViolations.push('batch 1 threw: nobody home');
  });

  it('does not ask a policy for less than a row', async (t) => {
    const policy: BatchPolicy = { name: 'shy', decide: () => ({ kind: 'dispatch', rows: 0 }) };
    const { clock, submit, batches } = batcherFor(t, { policy });
    void submit(1);
    void submit(2);
    await clock.settle();
    assert.deepEqual(batches(), [[1]]);
  });
});

describe('the watch over the batcher', () => {
  it('says why nothing moves while all instances are busy, once every five seconds', async (t) => {
    const { clock, events, instances, submit } = batcherFor(t);
    void submit(1);
    await clock.settle();
    void submit(2);
    await clock.advance(4_999);
    assert.deepEqual(events.of('batcherStalled'), []);
    await clock.advance(5_001);
    const [stall, ...others] = events.of('batcherStalled');
    assert.deepEqual([others.length, stall?.model], [1, 'fake']);
    assert.match(
      stall?.reason ?? '',
      /all instances are busy \(1 batches\); batch 1 of 1 rows has run on fake#0 for 5000/,
    );
    assert.deepEqual(JSON.parse(stall?.state ?? ''), {
      waitingRows: 1,
      groups: 1,
      oldestWaitMs: 5000,
      idleForMs: 5000,
      idleInstances: 0,
      running: [{ batchId: 1, instance: 'fake#0', rows: 1, forMs: 5000 }],
    });
    instances.only.finish();
    await clock.advance(60_000);
    assert.equal(events.of('batcherStalled').length, 2);
  });

  it('says nothing while batches come and go', async (t) => {
    const { clock, events, instances, submit } = batcherFor(t, { maxBatchSize: 1 });
    for (let value = 0; value < 20; value += 1) void submit(value);
    while (instances.batches.length < 20) {
      await clock.advance(1_000);
      instances.only.finish();
      await clock.settle();
    }
    assert.deepEqual(events.of('batcherStalled'), []);
  });

  it('calls an instance that nobody uses a fault, and uses it', async (t) => {
    const { clock, events, instances, submit, batches, expectedViolations } = batcherFor(t, { instances: 0 });
    void submit(1);
    await clock.settle();
    instances.onIdle = () => undefined;
    instances.start();
    await clock.advance(5_000);
    assert.deepEqual(batches(), [[1]]);
    expectedViolations.push(...events.of('invariantViolated').map(({ what }) => what));
    assert.match(expectedViolations.join(), /^1 instances are free, and nothing is started/);
  });

  it('leaves no timer behind', async (t) => {
    const { clock, batcher, instances, submit } = batcherFor(t, { maxBatchSize: 1 });
    void submit(1);
    const controller = new AbortController();
    const left = batcher.submit(scaledRows([[2]]), controller.signal);
    await clock.settle();
    assert.equal(clock.pendingTimers, 1);
    controller.abort();
    await assert.rejects(left);
    assert.equal(clock.pendingTimers, 0);
    void batcher.submit(scaledRows([[3]]), patient());
    await clock.settle();
    instances.only.finish();
    await clock.settle();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('findStall', () => {
  const state = {
    waitingRows: 3,
    groups: 1,
    oldestWaitMs: 9,
    idleForMs: 9,
    idleInstances: 0,
    running: [
      { batchId: 1, instance: 'm#0', rows: 2, forMs: 3 },
      { batchId: 2, instance: 'm#1', rows: 4, forMs: 8 },
    ],
  };

  it('names the batch that has run longest', () => {
    const reason = 'all instances are busy (2 batches); batch 2 of 4 rows has run on m#1 for 8 ms';
    assert.deepEqual(findStall(state, 9), { kind: 'busy', reason });
  });

  it('tells that there is no instance', () => {
    const reason = 'no instance is live; they may be starting';
    assert.deepEqual(findStall({ ...state, running: [] }, 9), { kind: 'noInstance', reason });
  });

  it('finds none when something has moved, or nothing has waited for so long', () => {
    assert.equal(findStall({ ...state, idleForMs: 8 }, 9), undefined);
    assert.equal(findStall({ ...state, oldestWaitMs: 8 }, 9), undefined);
  });
});
