import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInOrder } from '#src/cli/in-order.js';

/** Work whose items end when the test says so. */
function heldWork(count: number, concurrency: number) {
  const started: number[] = [];
  const delivered: [result: string, item: number][] = [];
  const progress: number[] = [];
  const finish = new Map<number, (result: string) => void>();
  const items = Array.from({ length: count }, (_, index) => index);
  const ended = runInOrder(items, {
    concurrency,
    run: (item) => {
      started.push(item);
      return new Promise<string>((resolve) => finish.set(item, resolve));
    },
    deliver: (result, item) => delivered.push([result, item]),
    progress: (done) => progress.push(done),
  });
  const end = async (item: number) => {
    finish.get(item)?.(`result ${item}`);
    await nextTurn();
  };
  return { started, delivered, progress, end, ended };
}

describe('runInOrder', () => {
  it('has no more under way than allowed', async () => {
    const { started, end, ended } = heldWork(5, 2);
    assert.deepEqual(started, [0, 1]);
    await end(1);
    assert.deepEqual(started, [0, 1, 2]);
    await end(2);
    await end(0);
    assert.deepEqual(started, [0, 1, 2, 3, 4]);
    await end(3);
    await end(4);
    await ended;
  });

  it('hands results on in the order of the items, as soon as those before are there', async () => {
    const { delivered, progress, end, ended } = heldWork(4, 4);
    await end(2);
    await end(1);
    assert.deepEqual([delivered, progress], [[], [1, 2]]);
    await end(0);
    assert.deepEqual(
      delivered.map(([, item]) => item),
      [0, 1, 2],
    );
    await end(3);
    await ended;
    assert.deepEqual(delivered[3], ['result 3', 3]);
    assert.deepEqual(progress, [1, 2, 3, 4]);
  });

  it('ends at once where there is nothing to do', async () => {
    const { delivered, ended } = heldWork(0, 3);
    await ended;
    assert.deepEqual(delivered, []);
  });
});
