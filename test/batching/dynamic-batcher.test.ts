import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import { answerTo, scaledRows } from '../support/fake-model.js';

describe('what a batcher was told of its model', () => {
  it('fills every execution up to the rows that are wanted', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t, { fixedRows: 3 });
    const result = submit(7);
    await clock.settle();
    assert.deepEqual(batches(), [[7, 7, 7]]);
    instances.only.finish();
    assert.deepEqual((await result).outputs['y']?.shape, [1, 1]);
  });

  it('refuses outputs that are not finite, and no others', async (t) => {
    const { clock, instances, submit } = batcherFor(t, { rejectNonFinite: true });
    const refused = assert.rejects(submit(Number.POSITIVE_INFINITY), { code: 'OUTPUT_NOT_FINITE' });
    const result = submit(1);
    await clock.settle();
    instances.only.finish();
    await refused;
    assert.equal((await result).outputs['y']?.data[0], 1.5);
  });
});

describe('the dynamic batcher', () => {
  it('lets requests of one turn ride together, and gives each its own answer', async (t) => {
    const { clock, batcher, instances, batches } = batcherFor(t);
    const requests = [
      scaledRows([[1, 2]]),
      scaledRows([
        [3, 4],
        [5, 6],
      ]),
      scaledRows([[7, 8]]),
    ];
    const answers = requests.map(answerTo);
    const results = Promise.all(requests.map((request) => batcher.submit(request, patient())));
    assert.deepEqual(batches(), []);
    await clock.settle();
    assert.deepEqual(batches(), [[1, 2, 3, 4, 5, 6, 7, 8]]);
    await clock.advance(7);
    instances.only.finish();
    assert.deepEqual(
      await results,
      answers.map((outputs) => ({ outputs, batchRows: 4, waitedMs: 0, inferenceMs: 7 })),
    );
  });

  it('splits what waits over the idle instances', async (t) => {
    const { clock, submit, batches } = batcherFor(t, { instances: 2 });
    for (const value of [1, 2, 3, 4, 5]) void submit(value);
    await clock.settle();
    assert.deepEqual(batches(), [
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('forms no batch while no instance is idle, and then one of all that came meanwhile', async (t) => {
    const { clock, batcher, instances, submit, batches } = batcherFor(t);
    void submit(1);
    await clock.settle();
    const second = submit(2);
    await clock.advance(10);
    void submit(3);
    await clock.advance(5);
    assert.deepEqual([batches(), batcher.waitingRows, batcher.running], [[[1]], 2, 1]);
    instances.only.finish();
    await clock.settle();
    assert.deepEqual([batches(), batcher.waitingRows], [[[1], [2, 3]], 0]);
    instances.only.finish();
    assert.equal((await second).waitedMs, 15);
  });

  it('waits for an instance when it has none, and uses one that comes', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t, { instances: 0 });
    void submit(1);
    await clock.advance(100);
    assert.deepEqual(batches(), []);
    instances.start();
    await clock.settle();
    assert.deepEqual(batches(), [[1]]);
  });

  it('puts no more rows into a batch than it may hold', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t, { maxBatchSize: 2 });
    for (const value of [1, 2, 3]) void submit(value);
    await clock.settle();
    instances.only.finish();
    await clock.settle();
    assert.deepEqual(batches(), [[1, 2], [3]]);
  });

  it('never puts different shapes or different shared inputs into one batch', async (t) => {
    const { clock, batcher, instances, batches } = batcherFor(t);
    const requests = [
      scaledRows([[1]], { scale: 2 }),
      scaledRows([[2, 2]], { scale: 2 }),
      scaledRows([[3]], { scale: 3 }),
      scaledRows([[4]], { scale: 2 }),
    ];
    const answers = requests.map(answerTo);
    const results = Promise.all(requests.map((request) => batcher.submit(request, patient())));
    for (const expected of [[1, 4], [2, 2], [3]]) {
      await clock.settle();
      assert.deepEqual(batches().at(-1), expected);
      instances.only.finish();
    }
    const outputs = (await results).map((result) => result.outputs);
    assert.deepEqual(outputs, answers);
  });

  it('tells of each batch, how it was formed and how it ended', async (t) => {
    const { clock, events, instances, submit } = batcherFor(t);
    void submit(1);
    void submit(2);
    await clock.settle();
    instances.only.finish();
    void submit(3).catch(() => undefined);
    await clock.advance(4);
    instances.only.fail();
    await clock.settle();
    const ref = { model: 'fake', version: '1', batchId: 1 };
    assert.deepEqual(events.of('batchFormed'), [
      { ...ref, rows: 2, jobs: 2, instance: 'fake#0' },
      { ...ref, batchId: 2, rows: 1, jobs: 1, instance: 'fake#0' },
    ]);
    const [succeeded, failed] = events.of('batchExecuted');
    const phases = { computeInputMs: 1, computeInferMs: 2, computeOutputMs: 3 };
    assert.deepEqual(succeeded, { ...ref, rows: 2, outcome: 'succeeded', reason: undefined, ...phases });
    const spent = [failed?.computeInputMs, failed?.computeInferMs, failed?.computeOutputMs];
    assert.deepEqual([failed?.outcome, ...spent], ['EXECUTION_FAILED', 0, 4, 0]);
    assert.match(failed?.reason ?? '', /refuses/);
  });
});
