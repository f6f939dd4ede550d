import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type ErrorCode, MillraceError } from '#src/core/errors.js';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import type { FakeBatch } from '../support/fake-instances.js';
import { answerTo, type FakeModelOptions, numbersIn, scaledRows } from '../support/fake-model.js';

type Options = Omit<FakeModelOptions, 'clock' | 'events'>;

const rowsFrom = (first: number, count: number) => scaledRows(Array.from({ length: count }, (_, row) => [first + row]));

/** A batcher over a model whose batches end as `how` says. */
function setUp(t: TestContext, how: (batch: FakeBatch, numbers: readonly number[]) => void, options: Options = {}) {
  const fixture = batcherFor(t, { maxBatchSize: 4, ...options });
  const { clock, instances } = fixture;
  /** Runs what there is to run. */
  const work = async () => {
    for (await clock.settle(); instances.running.length > 0; await clock.settle()) {
      for (const batch of instances.running) {
        how(batch, numbersIn(batch));
        if (batch.state === 'crashed') instances.start();
      }
    }
  };
  return { ...fixture, work };
}

const failOn =
  (bad: number, error?: MillraceError) =>
  (batch: FakeBatch, numbers: readonly number[]): void =>
    numbers.includes(bad) ? batch.fail(error) : batch.finish();

const tooMuch = (code: ErrorCode) => new MillraceError(code, 'Too much.');

describe('a request that runs in parts beside others', () => {
  it('fails alone with the part that is to blame; its other rows do not run any more', async (t) => {
    const { batcher, submit, batches, work } = setUp(t, failOn(5));
    const large = assert.rejects(batcher.submit(rowsFrom(0, 10), patient()), { code: 'EXECUTION_FAILED' });
    const small = Promise.all([submit(100), submit(101)]);
    await work();
    await large;
    assert.deepEqual(
      (await small).map(({ outputs }) => outputs['y']?.data[0]),
      [100.5, 101.5],
    );
    // 6 to 9 were still in line.
    assert.deepEqual(batches(), [
      [0, 1, 2, 3],
      [100, 101, 4, 5],
      [100, 101],
      [4, 5],
    ]);
  });

  it('loses its part that waits to run again when another one fails', async (t) => {
    const { clock, batcher, instances, submit, batches } = setUp(t, (batch) => batch.finish(), { instances: 2 });
    const large = batcher.submit(rowsFrom(0, 6), patient());
    const small = submit(100);
    await clock.settle();
    assert.deepEqual(batches(), [
      [0, 1, 2, 3],
      [100, 4, 5],
    ]);
    const [first, second] = instances.running;
    // Both instances die, so that what runs again waits.
    second?.crash();
    await clock.settle();
    assert.equal(batcher.waitingRows, 3);
    first?.fail();
    await assert.rejects(large, { code: 'EXECUTION_FAILED' });
    await clock.settle();
    instances.only.finish();
    await small;
    assert.deepEqual(batches().at(-1), [100]);
    assert.equal(batcher.waitingRows, 0);
  });

  it('is joined from parts that ran again', async (t) => {
    const { batcher, submit, work } = setUp(t, failOn(100));
    const culprit = assert.rejects(submit(100), { code: 'EXECUTION_FAILED' });
    const request = rowsFrom(0, 7);
    const answer = answerTo(request);
    const large = batcher.submit(request, patient());
    await work();
    await culprit;
    assert.deepEqual((await large).outputs, answer);
  });

  it('leaves at once when its signal aborts while a part waits to run again', async (t) => {
    const { clock, batcher, instances, submit } = setUp(t, (batch) => batch.finish());
    const leaving = new AbortController();
    const large = batcher.submit(rowsFrom(0, 3), leaving.signal);
    const small = submit(100);
    await clock.settle();
    instances.only.crash();
    await clock.settle();
    leaving.abort();
    await assert.rejects(large, { code: 'CANCELLED' });
    assert.equal(batcher.waitingRows, 1);
    instances.start();
    await clock.settle();
    assert.deepEqual(numbersIn(instances.only), [100]);
    instances.only.finish();
    await small;
  });

  it('is refused as a whole when it comes again and one of its parts has ended instances', async (t) => {
    const crashOn5 = (batch: FakeBatch, numbers: readonly number[]) =>
      numbers.includes(5) ? batch.crash() : batch.finish();
    const { batcher, submit, work } = setUp(t, crashOn5);
    const first = batcher.submit(rowsFrom(0, 6), patient());
    const small = submit(100);
    const rejected = assert.rejects(first, { code: 'INSTANCE_CRASHED' });
    await work();
    await Promise.all([rejected, small]);
    await assert.rejects(batcher.submit(rowsFrom(0, 6), patient()), { code: 'INPUT_QUARANTINED' });
  });

  it('runs alone when it comes again and one of its parts has failed', async (t) => {
    const { batcher, submit, batches, work } = setUp(t, failOn(5));
    const send = async () => {
      const settled = Promise.allSettled([batcher.submit(rowsFrom(0, 6), patient()), submit(100)]);
      await work();
      assert.deepEqual(
        (await settled).map(({ status }) => status),
        ['rejected', 'fulfilled'],
      );
    };
    await send();
    const before = batches().length;
    await send();
    assert.deepEqual(batches().slice(before), [[0, 1, 2, 3], [100], [4, 5]]);
  });
});

describe('an execution that is too much', () => {
  for (const code of ['OUT_OF_MEMORY', 'EXECUTION_TIMEOUT'] as const) {
    it(`with ${code} is taken apart, and who is to blame alone is refused for a minute`, async (t) => {
      const { clock, submit, work, events } = setUp(t, failOn(13, tooMuch(code)), { retriesTimeouts: true });
      const outcomes = Promise.allSettled([1, 13, 2, 3].map((number) => submit(number)));
      await work();
      const told = (await outcomes).map((each) => (each.status === 'fulfilled' ? 'ok' : each.reason.code));
      assert.deepEqual(told, ['ok', code, 'ok', 'ok']);
      assert.equal(events.of('culpritFound')[0]?.refusedForMs, 60_000);
      await assert.rejects(submit(13), { code: 'INPUT_QUARANTINED' });
      await clock.advance(60_000);
      const again = assert.rejects(submit(13), { code });
      await work();
      await again;
    });
  }

  it('for the memory together, and not in halves, is answered, and batches get smaller', async (t) => {
    const exhaust = (batch: FakeBatch, numbers: readonly number[]) =>
      numbers.length > 2 ? batch.fail(tooMuch('OUT_OF_MEMORY')) : batch.finish();
    const { clock, batcher, submit, work } = setUp(t, exhaust, { maxBatchSize: 8 });
    for (let round = 0; round < 16; round += 1) {
      const answers = Promise.all(Array.from({ length: 8 }, (_, number) => submit(number)));
      await work();
      assert.deepEqual(
        (await answers).map(({ outputs }) => outputs['y']?.data[0]),
        Array.from({ length: 8 }, (_, number) => number + 0.5),
      );
      // Such tries are limited to some each second.
      await clock.advance(2_000);
    }
    assert.ok(batcher.rowLimit < 8);
  });

  it('for the time fails as it is where instances stay behind, each time', async (t) => {
    const { submit, work, batches, events } = setUp(t, failOn(13, tooMuch('EXECUTION_TIMEOUT')));
    for (let round = 0; round < 3; round += 1) {
      const outcomes = Promise.allSettled([13, 2].map((number) => submit(number)));
      await work();
      assert.deepEqual(
        (await outcomes).map(({ status }) => status),
        ['rejected', 'rejected'],
      );
    }
    assert.deepEqual(events.of('executionRetried'), []);
    assert.deepEqual(batches(), [
      [13, 2],
      [13, 2],
      [13, 2],
    ]);
  });
});
