import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import { answerTo, scaledRows } from '../support/fake-model.js';

/** A request of rows with these numbers. */
const rowsOf = (from: number, count: number) => scaledRows(Array.from({ length: count }, (_, index) => [from + index]));

const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left.');

describe('a request of more rows than a batch', () => {
  it('runs in parts and gets one answer, its rows in order', async (t) => {
    const { clock, batcher, events, instances, batches } = batcherFor(t);
    const request = rowsOf(0, 10);
    const outputs = answerTo(request);
    const result = batcher.submit(request, patient());
    for (const ms of [3, 4, 5]) {
      await clock.advance(ms);
      instances.only.finish();
    }
    assert.deepEqual(await result, { outputs, batchRows: 4, waitedMs: 0, inferenceMs: 12 });
    assert.deepEqual(batches(), [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    assert.deepEqual(events.of('requestSplit'), [{ model: 'fake', version: '1', rows: 10, executions: 3 }]);
  });

  it('gets its rows in order whichever part comes back first', async (t) => {
    const { clock, batcher, instances } = batcherFor(t, { instances: 3 });
    const request = rowsOf(0, 10);
    const outputs = answerTo(request);
    const result = batcher.submit(request, patient());
    await clock.settle();
    for (const batch of instances.running.toReversed()) {
      batch.finish();
      await clock.settle();
    }
    assert.deepEqual((await result).outputs, outputs);
  });

  it('has the rows along whatever axis they lie', async (t) => {
    const { clock, batcher, instances } = batcherFor(t, { axis: 1, instances: 2 });
    const numbers = [1, 2, 3, 4, 5].map((number) => [number, number * 10]);
    const request = scaledRows(numbers, { axis: 1 });
    const outputs = answerTo(request);
    const result = batcher.submit(request, patient());
    await clock.settle();
    for (const batch of instances.running) batch.finish();
    assert.deepEqual((await result).outputs, outputs);
  });

  it('lets others in between: after each part all that wait have their turn', async (t) => {
    const { clock, batcher, instances, submit, batches } = batcherFor(t, { maxBatchSize: 2 });
    void batcher.submit(rowsOf(10, 6), patient());
    for (const value of [1, 2, 3]) void submit(value);
    for (let round = 0; round < 5; round += 1) {
      await clock.settle();
      if (instances.running.length > 0) instances.only.finish();
    }
    assert.deepEqual(batches(), [[10, 11], [1, 2], [3, 12], [13, 14], [15]]);
  });

  it('does not hold up requests of other shapes either', async (t) => {
    const { clock, batcher, instances, submit, batches } = batcherFor(t, { maxBatchSize: 2 });
    void batcher.submit(rowsOf(10, 4), patient());
    void submit(1, 3);
    for (let round = 0; round < 3; round += 1) {
      await clock.settle();
      instances.only.finish();
    }
    assert.deepEqual(batches(), [[10, 11], [1], [12, 13]]);
  });

  it('fails once with the error of a part, and its rows that wait never run', async (t) => {
    const { clock, batcher, events, instances, submit, batches } = batcherFor(t, { instances: 2, maxBatchSize: 2 });
    const result = batcher.submit(rowsOf(10, 8), patient());
    await clock.settle();
    const [first, second] = instances.running;
    const refused = new MillraceError('EXECUTION_FAILED', 'index out of range');
    first?.fail(refused);
    void submit(1);
    await clock.settle();
    assert.deepEqual(batches(), [[10, 11], [12, 13], [1]]);
    let isSettled = false;
    void result.catch(() => (isSettled = true));
    await clock.advance(6);
    assert.equal(isSettled, false, 'until the other part is back, it takes a place');
    second?.finish();
    await assert.rejects(result, refused);
    assert.equal(batcher.waitingRows, 0);
    assert.deepEqual(events.of('workWasted'), [{ model: 'fake', version: '1', rows: 2, ms: 6 }]);
  });

  it('leaves the line when it is aborted; what runs of it runs for nobody', async (t) => {
    const { clock, batcher, events, instances, batches } = batcherFor(t, { maxBatchSize: 2 });
    const controller = new AbortController();
    const result = batcher.submit(rowsOf(10, 5), controller.signal);
    await clock.settle();
    controller.abort(gone);
    assert.equal(batcher.waitingRows, 0);
    await clock.advance(8);
    instances.only.finish();
    await assert.rejects(result, gone);
    await clock.settle();
    assert.deepEqual(batches(), [[10, 11]]);
    assert.deepEqual(events.of('workWasted'), [{ model: 'fake', version: '1', rows: 2, ms: 8 }]);
  });

  it('fails when the parts give rows that do not fit together', async (t) => {
    const { clock, batcher, instances } = batcherFor(t, { instances: 2 });
    const result = batcher.submit(rowsOf(0, 5), patient());
    await clock.settle();
    const [first, second] = instances.running;
    first?.finish();
    second?.finish({ y: { datatype: 'FP32', shape: [1, 1], data: new Float32Array(1) } });
    await assert.rejects(result, { code: 'EXECUTION_FAILED', message: /output y has the shape \[1, 1\] for 2 rows/ });
  });

  it('runs whole where the rows of the model cannot be told apart', async (t) => {
    const { clock, batcher, instances, batches } = batcherFor(t, { maxBatchSize: 1, splits: false });
    const result = batcher.submit(rowsOf(0, 3), patient());
    await clock.settle();
    instances.only.finish();
    assert.equal((await result).batchRows, 3);
    assert.deepEqual(batches(), [[0, 1, 2]]);
  });
});

describe('a request without rows', () => {
  const none = () => ({ ...rowsOf(0, 1), rows: 0, inputs: noRows() });
  const noRows = () => ({
    ...rowsOf(0, 1).inputs,
    x: { datatype: 'FP32', shape: [0, 1], data: new Float32Array() } as const,
  });

  it('has its turn, and its answer', async (t) => {
    const { clock, batcher, instances } = batcherFor(t);
    const result = batcher.submit(none(), patient());
    await clock.settle();
    instances.only.finish();
    assert.deepEqual((await result).outputs['y']?.shape, [0, 1]);
  });

  it('leaves the line at once', async (t) => {
    const { clock, batcher, instances, submit } = batcherFor(t);
    const leaving = new AbortController();
    const other = submit(1);
    await clock.settle();
    const result = batcher.submit(none(), leaving.signal);
    leaving.abort();
    await assert.rejects(result, { code: 'CANCELLED' });
    instances.only.finish();
    await other;
    await clock.settle();
    assert.equal(instances.batches.length, 1);
  });
});
