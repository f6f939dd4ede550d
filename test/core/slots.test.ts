import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Slots } from '#src/core/slots.js';

/** Work that ends when the test says so. */
function controlled() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Slots', () => {
  it('lets so much go on at once, and the rest in the order in which it came', async () => {
    const { begun, work, end } = controlled();
    const slots = new Slots(2);
    const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => slots.run(work(name))));
    await settled();
    assert.deepEqual(begun, ['a', 'b']);
    end('b');
    await settled();
    assert.deepEqual(begun, ['a', 'b', 'c']);
    for (const name of ['a', 'c']) end(name);
    await settled();
    end('d');
    assert.deepEqual(await all, ['a', 'b', 'c', 'd']);
  });

  it('gives a place back when work fails', async () => {
    const slots = new Slots(1);
    for (const work of [() => Promise.reject(new Error('late')), () => assert.fail('at once')]) {
      await assert.rejects(slots.run(work));
    }
    assert.equal(await slots.run(() => 'done'), 'done');
  });
});
