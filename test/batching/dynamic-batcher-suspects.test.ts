import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { MillraceError } from '#src/core/errors.js';
import { batcherFor } from '../support/batcher-fixture.js';
import { type FakeModelOptions, numbersIn } from '../support/fake-model.js';

/** A batcher over a model that refuses, or dies of, every batch which holds 13 or 14 as long as `isBad`. */
function setUp(t: TestContext, how: 'fail' | 'crash', options: Omit<FakeModelOptions, 'clock' | 'events'> = {}) {
  const fixture = batcherFor(t, { maxBatchSize: 8, ...options });
  const { clock, instances, submit, batches } = fixture;
  const model = { isBad: true };
  /** Sends numbers, and runs what there is to run; gives what came of each: 'ok', or the code. */
  const send = async (...numbers: number[]) => {
    const outcomes = Promise.allSettled(numbers.map((number) => submit(number)));
    for (await clock.settle(); instances.running.length > 0; await clock.settle()) {
      for (const batch of instances.running) {
        if (!model.isBad || !numbersIn(batch).some((number) => number === 13 || number === 14)) batch.finish();
        else if (how === 'fail') batch.fail();
        else batch.crash();
        if (batch.state === 'crashed') instances.start();
      }
    }
    return (await outcomes).map((outcome) =>
      outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as MillraceError).code,
    );
  };
  /** The batches since the last call. */
  let seen = 0;
  const latest = () => {
    const news = batches().slice(seen);
    seen += news.length;
    return news;
  };
  return { ...fixture, model, send, latest };
}

const failed = 'EXECUTION_FAILED';

describe('an input that has failed', () => {
  it('runs alone the next time, and the others together', async (t) => {
    const { send, latest } = setUp(t, 'fail');
    assert.deepEqual(await send(1, 13, 2, 3), ['ok', failed, 'ok', 'ok']);
    latest();
    assert.deepEqual(await send(4, 13, 5, 6), ['ok', failed, 'ok', 'ok']);
    assert.deepEqual(latest(), [[4, 5, 6], [13]]);
  });

  it('runs alone also beside another one', async (t) => {
    const { send, latest } = setUp(t, 'fail');
    await send(1, 13, 2, 14);
    latest();
    assert.deepEqual(await send(14, 4, 13), [failed, 'ok', failed]);
    assert.deepEqual(latest(), [[14], [4], [13]]);
  });

  it('is picked out of a batch where it lay before it was found out', async (t) => {
    const { clock, send, submit, latest } = setUp(t, 'fail');
    void submit(1);
    void submit(13).catch(() => undefined);
    await clock.settle();
    // These wait while the first batch runs, when nothing is known.
    assert.deepEqual(await send(2, 3, 13, 4), ['ok', 'ok', failed, 'ok']);
    assert.deepEqual(latest(), [[1, 13], [1], [13], [2, 3, 13, 4], [13], [2, 3, 4]]);
  });

  it('runs with others again after a while, and at once when it has run well', async (t) => {
    const { clock, model, send, latest } = setUp(t, 'fail');
    await send(1, 13);
    await clock.advance(30_000);
    model.isBad = false;
    latest();
    await send(1, 13);
    assert.deepEqual(latest(), [[1, 13]]);
    model.isBad = true;
    await send(1, 13);
    model.isBad = false;
    latest();
    await send(1, 13);
    await send(1, 13);
    assert.deepEqual(latest(), [[1], [13], [1, 13]]);
  });

  it('makes batches no smaller as long as it is known', async (t) => {
    const { batcher, send } = setUp(t, 'fail');
    for (let round = 0; round < 100; round += 1) await send(13, 1, 2, 3);
    assert.equal(batcher.rowLimit, 8);
  });
});

describe('batches', () => {
  it('are no smaller for one that failed, however often its parts failed', async (t) => {
    const { batcher, send, latest } = setUp(t, 'fail', { maxBatchSize: 16 });
    await send(13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17);
    assert.equal(latest().filter((numbers) => numbers.includes(13)).length, 5);
    assert.equal(batcher.rowLimit, 16);
  });

  it('get smaller while inputs fail that nobody knows', async (t) => {
    const { clock, batcher, instances, submit, batches } = batcherFor(t, { maxBatchSize: 8 });
    for (let round = 0; round < 100; round += 1) {
      const answers = Promise.allSettled([0, 1, 2].map((number) => submit(3 * round + number)));
      for (await clock.settle(); instances.running.length > 0; await clock.settle()) instances.only.fail();
      await answers;
    }
    assert.deepEqual([batcher.rowLimit, batches().at(-1)], [1, [299]]);
  });
});

describe('an input that ends instances', () => {
  it('is found, the others are answered, and it is refused for a minute', async (t) => {
    const { clock, events, instances, send, latest } = setUp(t, 'crash');
    assert.deepEqual(await send(1, 13, 2, 3), ['ok', 'INSTANCE_CRASHED', 'ok', 'ok']);
    assert.deepEqual(latest(), [[1, 13, 2, 3], [1, 13], [2, 3], [1], [13]]);
    assert.deepEqual(await send(4, 13), ['ok', 'INPUT_QUARANTINED']);
    assert.deepEqual(latest(), [[4]]);
    await clock.advance(60_000);
    const crashesBefore = instances.batches.filter(({ state }) => state === 'crashed').length;
    assert.deepEqual(await send(4, 13), ['ok', 'INSTANCE_CRASHED']);
    assert.equal(instances.batches.filter(({ state }) => state === 'crashed').length, crashesBefore + 2);
    const [culprit] = events.of('culpritFound');
    assert.deepEqual([culprit?.code, culprit?.refusedForMs], ['INSTANCE_CRASHED', 60_000]);
  });

  it('is refused as soon as its twin is convicted, also where it waits to run again', async (t) => {
    const { send, instances } = setUp(t, 'crash');
    const outcomes = await send(13, 1, 2, 13);
    assert.deepEqual(outcomes.slice(1, 3), ['ok', 'ok']);
    assert.deepEqual(new Set([outcomes[0], outcomes[3]]), new Set(['INPUT_QUARANTINED', 'INSTANCE_CRASHED']));
    assert.equal(instances.batches.filter(({ state }) => state === 'crashed').length, 4);
  });

  it('is known only the second time when it was alone, since its memory has gone', async (t) => {
    const { send, latest } = setUp(t, 'crash');
    assert.deepEqual(await send(13), ['INSTANCE_CRASHED']);
    assert.deepEqual(await send(13), ['INSTANCE_CRASHED']);
    assert.deepEqual(latest(), [[13], [13], [13]]);
    assert.deepEqual(await send(13), ['INPUT_QUARANTINED']);
  });

  it('costs the others their answers when instances die again and again', async (t) => {
    const { clock, instances, submit } = setUp(t, 'crash');
    const outcomes = Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map((number) => submit(number)));
    // Whatever runs, they die.
    for (await clock.settle(); instances.running.length > 0; await clock.settle()) {
      for (const batch of instances.running) {
        batch.crash();
        instances.start();
      }
    }
    for (const outcome of await outcomes)
      assert.equal(outcome.status === 'rejected' && (outcome.reason as MillraceError).code, 'INSTANCE_CRASHED');
    // The first, its halves, and what the third crash still allowed.
    assert.equal(instances.batches.length, 7);
  });
});
