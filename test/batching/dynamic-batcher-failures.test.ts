import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import type { FakeBatch } from '../support/fake-instances.js';
import { answerTo, type FakeModelOptions, numbersIn, scaledRows } from '../support/fake-model.js';

/** A batcher over a model that fails on every batch which holds one of the bad numbers. */
function setUp(t: TestContext, bad: readonly number[], options: Omit<FakeModelOptions, 'clock' | 'events'> = {}) {
  const fixture = batcherFor(t, options);
  const { clock, instances } = fixture;
  const end = (batch: FakeBatch) => {
    const found = numbersIn(batch).filter((number) => bad.includes(number));
    if (found.length === 0) batch.finish();
    else batch.fail(new MillraceError('EXECUTION_FAILED', `bad: ${found.join()}`));
  };
  /** Ends what runs, again and again, until nothing does. */
  const runAll = async () => {
    for (await clock.settle(); instances.running.length > 0; await clock.settle()) instances.running.forEach(end);
  };
  return { ...fixture, end, runAll };
}

const failed = (number: number) => ({
  status: 'rejected',
  reason: new MillraceError('EXECUTION_FAILED', `bad: ${number}`),
});

describe('a batch that fails', () => {
  it('is halved until the culprit is alone, and all others have their answers', async (t) => {
    const { submit, batches, runAll, instances } = setUp(t, [3]);
    const results = Promise.allSettled([1, 2, 3, 4].map((value) => submit(value)));
    await runAll();
    assert.deepEqual(batches(), [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]);
    const [first, second, third, fourth] = await results;
    assert.deepEqual(third, failed(3));
    for (const [index, result] of [first, second, fourth].entries()) {
      assert.ok(result?.status === 'fulfilled');
      assert.deepEqual(result.value.outputs, answerTo(scaledRows([[[1, 2, 4][index] as number]])));
      assert.equal(result.value.batchRows, index < 2 ? 2 : 1);
    }
    assert.equal(instances.idle, 1);
  });

  it('runs its halves side by side where instances are free', async (t) => {
    const { clock, submit, batches, runAll, instances, end } = setUp(t, [1], { instances: 2, maxBatchSize: 4 });
    const results = Promise.allSettled([1, 2, 3, 4].map((value) => submit(value, 2)));
    await clock.settle();
    assert.deepEqual(batches(), [
      [1, 2],
      [3, 4],
    ]);
    instances.running.forEach(end);
    await clock.settle();
    assert.deepEqual(instances.running.map(numbersIn), [[1], [2]]);
    await runAll();
    assert.deepEqual(
      (await results).map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
  });

  it('runs again before what came after it', async (t) => {
    const { clock, submit, batches, runAll } = setUp(t, [2], { maxBatchSize: 2 });
    const results = Promise.allSettled([1, 2, 3].map((value) => submit(value)));
    await clock.settle();
    await runAll();
    assert.deepEqual(batches(), [[1, 2], [1], [2], [3]]);
    await results;
  });

  it('keeps requests of several rows whole, and what they share', async (t) => {
    const { batcher, batches, runAll } = setUp(t, [5], { maxBatchSize: 8 });
    const requests = [
      [[1], [2]],
      [[3], [4]],
      [[5], [6]],
    ].map((rows) => scaledRows(rows, { scale: 7 }));
    const answers = requests.map(answerTo);
    const results = Promise.allSettled(requests.map((request) => batcher.submit(request, patient())));
    await runAll();
    assert.deepEqual(batches(), [
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 4],
      [5, 6],
    ]);
    const [first, second, third] = await results;
    assert.deepEqual(third, failed(5));
    for (const [index, result] of [first, second].entries())
      assert.deepEqual(result?.status === 'fulfilled' && result.value.outputs, answers[index]);
  });

  it('does not run again those who leave meanwhile', async (t) => {
    const { clock, batcher, submit, instances, batches, runAll, end } = setUp(t, [1]);
    const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left.');
    const [early, late] = [new AbortController(), new AbortController()];
    const leaving = [early, late].map(({ signal }, index) =>
      assert.rejects(batcher.submit(scaledRows([[3 + index]]), signal), gone),
    );
    const others = Promise.allSettled([submit(1), submit(2)]);
    await clock.settle();
    early.abort(gone);
    end(instances.only);
    await leaving[0];
    await clock.settle();
    assert.deepEqual(
      [batches(), batcher.waitingRows],
      [
        [
          [3, 4, 1, 2],
          [4, 1],
        ],
        1,
      ],
    );
    end(instances.only);
    late.abort(gone);
    await clock.settle();
    await leaving[1];
    await runAll();
    assert.deepEqual(batches().slice(2), [[2], [1]]);
    assert.deepEqual((await others)[0], failed(1));
  });

  it('does not run again when the error says nothing of its inputs', async (t) => {
    const { clock, instances, submit, batches } = setUp(t, []);
    const results = Promise.allSettled([submit(1), submit(2)]);
    await clock.settle();
    instances.only.fail(new TypeError('secret'));
    await clock.settle();
    assert.deepEqual(batches(), [[1, 2]]);
    for (const result of await results) {
      assert.ok(result.status === 'rejected');
      const { code, message } = result.reason as MillraceError;
      assert.ok(code === 'INTERNAL' && !message.includes('secret'));
    }
  });

  it('gives each request its own answer where the rows together give too many', async (t) => {
    const { clock, instances, submit, runAll } = setUp(t, []);
    const results = Promise.all([submit(1), submit(2)]);
    await clock.settle();
    instances.only.finish({ y: { datatype: 'FP32', shape: [3, 1], data: new Float32Array(3) } });
    await runAll();
    assert.deepEqual(
      (await results).map(({ outputs }) => outputs),
      [1, 2].map((value) => answerTo(scaledRows([[value]]))),
    );
  });

  it('fails with the reason of a batcher that was destroyed meanwhile', async (t) => {
    const { clock, batcher, instances, submit, end } = setUp(t, [1]);
    const unloaded = new MillraceError('MODEL_UNAVAILABLE', 'The model was unloaded.');
    const results = Promise.allSettled([1, 2, 3, 4].map((value) => submit(value)));
    await clock.settle();
    end(instances.only);
    await clock.settle();
    batcher.destroy(unloaded);
    end(instances.only);
    await clock.settle();
    assert.deepEqual(
      (await results).map((result) => result.status === 'rejected' && result.reason),
      [unloaded, unloaded, unloaded, unloaded],
    );
    assert.deepEqual([batcher.waitingRows, instances.running.length], [0, 0]);
  });

  it('tells of what it takes, and of the culprit', async (t) => {
    const { events, submit, runAll } = setUp(t, [3]);
    const results = Promise.allSettled([1, 2, 3, 4].map((value) => submit(value)));
    await runAll();
    await results;
    const ref = { model: 'fake', version: '1' };
    const code = 'EXECUTION_FAILED';
    assert.deepEqual(events.of('executionRetried'), [
      { ...ref, batchId: 1, code, groups: 2 },
      { ...ref, batchId: 3, code, groups: 2 },
    ]);
    const [culprit, ...none] = events.of('culpritFound');
    assert.match(culprit?.digest ?? '', /^[\w-]{43}$/);
    assert.deepEqual([{ ...culprit, digest: '' }, none], [{ ...ref, code, digest: '', refusedForMs: undefined }, []]);
  });
});
