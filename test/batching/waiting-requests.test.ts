import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingRequest } from '#src/batching/pending-request.js';
import { WaitingRequests } from '#src/batching/waiting-requests.js';
import { scaledRows } from '../support/fake-model.js';

interface Choice {
  key?: string;
  /** The numbers of its rows. */
  rows?: readonly number[];
  at?: number;
  /** More rows than this are cut. */
  largestPart?: number;
}

function lineOf(...choices: Choice[]) {
  const line = new WaitingRequests();
  const axes = { inputs: { x: 0, scale: null }, outputs: { y: 0 } };
  const owner = {
    axes,
    leave: (request: PendingRequest) => void line.remove(request),
    settled: () => undefined,
    violated: (what: string) => assert.fail(what),
  };
  const all = choices.map(({ key = 'a', rows = [0], at = 0, largestPart = 4 }) => {
    const controller = new AbortController();
    const request = scaledRows(rows.map((number) => [number]));
    const nobody = { resolve: () => undefined, reject: () => undefined };
    const options = { request, signal: controller.signal, key, arrivedAt: at, largestPart, ...nobody };
    return { pending: new PendingRequest(options, owner), leave: () => controller.abort(), controller };
  });
  for (const { pending } of all) line.add(pending);
  /** The numbers in what is taken, part by part. */
  const take = (key: string, rows: number) =>
    line.take(key, rows).map(({ request }) => Array.from(request.inputs['x']?.data as Float32Array));
  return { line, all, take };
}

describe('requests in line', () => {
  it('are counted in rows, by group and in all', () => {
    const { line } = lineOf({ rows: [1, 2], at: 3 }, { rows: [3, 4, 5], at: 4 }, { key: 'b', rows: [6], at: 5 });
    assert.deepEqual(line.next(), { key: 'a', rows: 5, oldestAt: 3 });
    assert.deepEqual(line.next(new Set(['a'])), { key: 'b', rows: 1, oldestAt: 5 });
    assert.equal(line.next(new Set(['a', 'b'])), undefined);
    assert.deepEqual([line.rows, line.isEmpty, line.overview], [6, false, { groups: 2, oldestAt: 3 }]);
  });

  it('are taken in the order of their turns, as many as fit', () => {
    const { line, take } = lineOf({ rows: [1, 2] }, { rows: [3] }, { rows: [4, 5] });
    assert.deepEqual(take('a', 3), [[1, 2], [3]]);
    assert.deepEqual([line.rows, line.next()?.rows], [2, 2]);
  });

  it('are not overtaken by a smaller one that would fit', () => {
    const { take } = lineOf({ rows: [1, 2] }, { rows: [3, 4] }, { rows: [5] });
    assert.deepEqual(take('a', 3), [[1, 2]]);
    assert.deepEqual(take('a', 3), [[3, 4], [5]]);
  });

  it('come whole when they are no larger than a batch, also when fewer rows are asked for', () => {
    const { take } = lineOf({ rows: [1, 2, 3, 4] }, { rows: [5] });
    assert.deepEqual(take('a', 2), [[1, 2, 3, 4]]);
  });

  it('are taken from one group only', () => {
    const { line, take } = lineOf({ key: 'a', rows: [1] }, { key: 'b', rows: [2] }, { key: 'a', rows: [3] });
    assert.deepEqual(take('a', 16), [[1], [3]]);
    assert.equal(line.next()?.key, 'b');
    assert.deepEqual(take('a', 16), []);
  });

  it('give up what fits when they are larger than a batch, and have their next turn behind all that wait', () => {
    const large = { rows: [1, 2, 3, 4, 5, 6], largestPart: 4 };
    const { line, take } = lineOf(large, { rows: [7] }, { key: 'b', rows: [8], at: 9 });
    assert.deepEqual(take('a', 4), [[1, 2, 3, 4]]);
    assert.deepEqual([line.rows, line.next()], [4, { key: 'a', rows: 3, oldestAt: 0 }]);
    assert.deepEqual(take('a', 2), [[7], [5]]);
    assert.deepEqual([line.rows, line.next()], [2, { key: 'b', rows: 1, oldestAt: 9 }]);
    assert.deepEqual([take('b', 1), take('a', 4), line.isEmpty], [[[8]], [[6]], true]);
  });

  it('are as old as the oldest of them, also when that is not first in line', () => {
    const { line, take } = lineOf({ rows: [1, 2, 3, 4, 5], at: 1, largestPart: 4 }, { rows: [6], at: 7 });
    take('a', 4);
    assert.deepEqual(line.next(), { key: 'a', rows: 2, oldestAt: 1 });
    assert.deepEqual(line.overview, { groups: 1, oldestAt: 1 });
  });

  it('fill the room that others leave when they are larger than a batch', () => {
    const { take } = lineOf({ rows: [1, 2, 3] }, { rows: [4, 5, 6, 7, 8], largestPart: 4 });
    assert.deepEqual(take('a', 4), [[1, 2, 3], [4]]);
  });

  it('leave when they are removed, once', () => {
    const { line, all, take } = lineOf({ rows: [1, 2], at: 1 }, { rows: [3], at: 2 });
    const [first, second] = all.map(({ pending }) => pending) as [PendingRequest, PendingRequest];
    assert.deepEqual([line.remove(first), line.remove(first)], [true, false]);
    assert.deepEqual(line.next(), { key: 'a', rows: 1, oldestAt: 2 });
    take('a', 16);
    assert.deepEqual([line.remove(second), line.rows, line.isEmpty], [false, 0, true]);
  });

  it('leave when they are aborted, with all rows that wait', () => {
    const { line, all, take } = lineOf({ rows: [1, 2, 3, 4, 5], largestPart: 4 }, { rows: [6] });
    take('a', 4);
    all[0]?.leave();
    assert.deepEqual([line.rows, take('a', 4), line.isEmpty], [1, [[6]], true]);
  });

  it('come in groups in the order of the first turn in each', () => {
    const { line, all } = lineOf({ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'a' });
    line.remove(all[0]?.pending as PendingRequest);
    assert.equal(line.next()?.key, 'b');
    assert.equal(line.next(new Set('b'))?.key, 'c');
    assert.equal(line.next(new Set(['b', 'c']))?.key, 'a');
  });

  it('are all drained at once', () => {
    const { line, all } = lineOf({ key: 'a', rows: [1, 2] }, { key: 'b' });
    assert.deepEqual(
      line.drain(),
      all.map(({ pending }) => pending),
    );
    assert.deepEqual([line.rows, line.isEmpty, line.drain()], [0, true, []]);
    assert.equal(line.remove(all[0]?.pending as PendingRequest), false);
    assert.equal(line.rows, 0);
  });
});
