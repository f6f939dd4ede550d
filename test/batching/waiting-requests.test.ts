import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type WaitingRequest, WaitingRequests } from '#src/batching/waiting-requests.js';

interface Choice {
  key?: string;
  rows?: number;
  at?: number;
}

function waiting({ key = 'a', rows = 1, at = 0 }: Choice = {}): WaitingRequest<void> {
  const signal = new AbortController().signal;
  return {
    signal,
    key,
    arrivedAt: at,
    request: { rows, inputs: {} },
    resolve: () => undefined,
    reject: () => undefined,
  };
}

/** A buffer with these requests in it, and the requests. */
function filled(...choices: Choice[]): { buffer: WaitingRequests<void>; all: WaitingRequest<void>[] } {
  const buffer = new WaitingRequests<void>();
  const all = choices.map(waiting);
  for (const one of all) buffer.add(one);
  return { buffer, all };
}

describe('requests that wait for an instance', () => {
  it('are counted in rows, by group and in all', () => {
    const { buffer } = filled({ rows: 2, at: 3 }, { rows: 3, at: 4 }, { key: 'b', rows: 4, at: 5 });
    assert.deepEqual(buffer.look('a'), { rows: 5, oldestAt: 3 });
    assert.deepEqual(buffer.look('b'), { rows: 4, oldestAt: 5 });
    assert.equal(buffer.look('c'), undefined);
    assert.equal(buffer.rows, 9);
  });

  it('are taken oldest first, as many as fit', () => {
    const { buffer, all } = filled({ rows: 2 }, { rows: 1 }, { rows: 2 });
    assert.deepEqual(buffer.take('a', 3), all.slice(0, 2));
    assert.deepEqual([buffer.rows, buffer.look('a')?.rows], [2, 2]);
  });

  it('are not overtaken by a smaller one that would fit', () => {
    const { buffer, all } = filled({ rows: 2 }, { rows: 2 }, { rows: 1 });
    assert.deepEqual(buffer.take('a', 3), [all[0]]);
    assert.deepEqual(buffer.take('a', 3), all.slice(1));
  });

  it('are taken alone when one is larger than a batch', () => {
    const { buffer, all } = filled({ rows: 5 }, { rows: 1 });
    assert.deepEqual(buffer.take('a', 4), [all[0]]);
  });

  it('are taken from one group only', () => {
    const { buffer, all } = filled({ key: 'a' }, { key: 'b' }, { key: 'a' });
    assert.deepEqual(buffer.take('a', 16), [all[0], all[2]]);
    assert.deepEqual(buffer.keysByAge(), ['b']);
    assert.deepEqual(buffer.take('a', 16), []);
  });

  it('leave when they are removed, once', () => {
    const { buffer, all } = filled({ rows: 2, at: 1 }, { rows: 3, at: 2 });
    const [first, second] = all as [WaitingRequest<void>, WaitingRequest<void>];
    assert.equal(buffer.remove(first), true);
    assert.equal(buffer.remove(first), false);
    assert.deepEqual(buffer.look('a'), { rows: 3, oldestAt: 2 });
    buffer.take('a', 16);
    assert.equal(buffer.remove(second), false);
    assert.deepEqual([buffer.rows, buffer.keysByAge()], [0, []]);
  });

  it('come in groups by the age of the oldest that still waits', () => {
    const { buffer, all } = filled({ key: 'a', at: 1 }, { key: 'b', at: 2 }, { key: 'c', at: 3 }, { key: 'a', at: 4 });
    assert.deepEqual(buffer.keysByAge(), ['a', 'b', 'c']);
    buffer.remove(all[0] as WaitingRequest<void>);
    assert.deepEqual(buffer.keysByAge(), ['b', 'c', 'a']);
  });

  it('are all drained at once', () => {
    const { buffer, all } = filled({ key: 'a', rows: 2 }, { key: 'b' });
    assert.deepEqual(buffer.drain(), all);
    assert.deepEqual([buffer.rows, buffer.keysByAge(), buffer.drain()], [0, [], []]);
    assert.equal(buffer.remove(all[0] as WaitingRequest<void>), false);
    assert.equal(buffer.rows, 0);
  });
});
