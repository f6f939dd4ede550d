import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { batcherFor } from '../support/batcher-fixture.js';

describe('the dynamic batcher when a batch fails', () => {
  it('fails all requests of a failed batch and none else, and goes on', async (t) => {
    const { clock, instances, submit } = batcherFor(t, { maxBatchSize: 2 });
    const results = Promise.allSettled([submit(1), submit(2), submit(3)]);
    await clock.settle();
    const refused = new MillraceError('EXECUTION_FAILED', 'index out of range');
    instances.only.fail(refused);
    await clock.settle();
    instances.only.finish();
    const [first, second, third] = await results;
    assert.deepEqual(
      [first, second],
      [
        { status: 'rejected', reason: refused },
        { status: 'rejected', reason: refused },
      ],
    );
    assert.equal(third?.status, 'fulfilled');
  });

  it('fails the batch of an instance that crashes, and goes on with the next instance', async (t) => {
    const { clock, instances, submit, batches } = batcherFor(t);
    const first = submit(1);
    await clock.settle();
    const second = submit(2);
    instances.only.crash();
    await assert.rejects(first, { code: 'INSTANCE_CRASHED' });
    await clock.settle();
    assert.deepEqual(batches(), [[1]]);
    instances.start();
    await clock.settle();
    instances.only.finish();
    assert.equal((await second).batchRows, 1);
  });

  it('calls a failure that is not its own INTERNAL, without its text', async (t) => {
    const { clock, instances, submit } = batcherFor(t);
    const result = submit(1);
    await clock.settle();
    instances.only.fail(new TypeError('secret'));
    await assert.rejects(
      result,
      ({ code, message }: MillraceError) => code === 'INTERNAL' && !message.includes('secret'),
    );
  });

  it('fails a batch whose output has another number of rows, and says that batching is to blame', async (t) => {
    const { clock, instances, submit } = batcherFor(t);
    const results = Promise.allSettled([submit(1), submit(2)]);
    await clock.settle();
    instances.only.finish({ y: { datatype: 'FP32', shape: [3, 1], data: new Float32Array(3) } });
    for (const result of await results) {
      assert.ok(result.status === 'rejected');
      assert.equal((result.reason as MillraceError).code, 'EXECUTION_FAILED');
      assert.match((result.reason as MillraceError).message, /cannot be batched .* output y has the shape \[3, 1\]/);
    }
    assert.equal(instances.idle, 1);
  });
});
