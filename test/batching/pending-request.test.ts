import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingRequest } from '#src/batching/pending-request.js';
import type { InferenceResult } from '#src/batching/request-part.js';
import { MillraceError } from '#src/core/errors.js';
import { answerTo, scaledRows } from '../support/fake-model.js';

const refused = new MillraceError('EXECUTION_FAILED', 'refused');
const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'gone');

/** A request of rows 0, 1, 2 … of which a batch holds four, and all that it tells. */
function pendingOf(rows: number) {
  const controller = new AbortController();
  const request = scaledRows(Array.from({ length: rows }, (_, row) => [row]));
  const told: unknown[] = [];
  const pending = new PendingRequest(
    {
      request,
      signal: controller.signal,
      key: 'k',
      arrivedAt: 5,
      largestPart: 4,
      resolve: (result) => told.push(result),
      reject: (error) => told.push(error),
    },
    {
      axes: { inputs: { x: 0, scale: null }, outputs: { y: 0 } },
      leave: () => told.push('leaves'),
      settled: () => told.push('settled'),
      violated: (what) => told.push(what),
    },
  );
  return { pending, controller, told, answer: answerTo(request) };
}

/** What a part gets for its rows. */
function resultOf(request: Parameters<typeof answerTo>[0], over: Partial<InferenceResult> = {}): InferenceResult {
  return { outputs: answerTo(request), batchRows: request.rows, waitedMs: 1, inferenceMs: 2, ...over };
}

describe('a request that waits', () => {
  it('is cut only if it is larger than a batch', () => {
    assert.deepEqual([pendingOf(4).pending.isDivisible, pendingOf(5).pending.isDivisible], [false, true]);
  });

  it('gives all its rows as they are, and gets the result of its one part as it is', () => {
    const { pending, controller, told } = pendingOf(3);
    const part = pending.take(3);
    assert.deepEqual([pending.rowsLeft, pending.executions, part.arrivedAt, part.signal], [0, 1, 5, controller.signal]);
    assert.deepEqual([part.isSettled, part.isWanted], [false, true]);
    const result = resultOf(part.request);
    part.resolve(result);
    assert.equal(told[0], result);
    assert.deepEqual([told.slice(1), part.isSettled], [['settled'], true]);
  });

  it('joins its parts in the order of its rows, with the times of them all', () => {
    const { pending, told, answer } = pendingOf(6);
    const [first, second] = [pending.take(4), pending.take(2)];
    const late = resultOf(second.request, { waitedMs: 7, inferenceMs: 9, batchRows: 3 });
    const early = resultOf(first.request, { waitedMs: 2, inferenceMs: 4 });
    second.resolve(late);
    assert.deepEqual(told, []);
    first.resolve(early);
    assert.deepEqual(told, [{ outputs: answer, batchRows: 4, waitedMs: 2, inferenceMs: 14 }, 'settled']);
  });

  it('takes an output without a batch axis from its first part', () => {
    const { pending, told } = pendingOf(5);
    const parts = [pending.take(4), pending.take(1)];
    for (const [index, part] of parts.entries()) {
      const shared = { datatype: 'FP32', shape: [], data: Float32Array.of(index) } as const;
      part.resolve(resultOf(part.request, { outputs: { ...answerTo(part.request), shared } }));
    }
    assert.deepEqual((told[0] as InferenceResult).outputs['shared']?.data, Float32Array.of(0));
  });

  it('gives its parts memory of their own, that of inputs without a batch axis too', () => {
    const { pending } = pendingOf(6);
    const [first, second] = [pending.take(4), pending.take(2)];
    for (const { data } of Object.values(first.request.inputs)) (data as Float32Array).fill(99);
    assert.deepEqual(Array.from(second.request.inputs['x']?.data as Float32Array), [4, 5]);
    assert.deepEqual(Array.from(second.request.inputs['scale']?.data as Float32Array), [1]);
    assert.deepEqual(second.request.inputs['x']?.shape, [2, 1]);
  });

  it('fails with the first error once nothing of it runs any more', () => {
    const { pending, told } = pendingOf(9);
    const [first, second] = [pending.take(4), pending.take(4)];
    second.reject(refused);
    assert.deepEqual([told, pending.isWanted, first.isWanted], [['leaves'], false, false]);
    first.reject(gone);
    assert.deepEqual(told, ['leaves', 'leaves', refused, 'settled']);
  });

  it('fails at once when its signal aborts and nothing of it runs', () => {
    const { pending, controller, told } = pendingOf(3);
    controller.abort(gone);
    assert.deepEqual(told, ['leaves', gone, 'settled']);
    assert.deepEqual([pending.isWanted, pending.checkWanted()], [false, false]);
    assert.equal(told.length, 3, 'it settles once');
  });

  it('is not disturbed by a signal that aborts when all of it runs', () => {
    const { pending, controller, told } = pendingOf(3);
    const part = pending.take(3);
    controller.abort(gone);
    assert.deepEqual([told, part.isWanted, pending.checkWanted()], [[], false, true]);
    const result = resultOf(part.request);
    part.resolve(result);
    assert.deepEqual(told, [result, 'settled']);
  });

  it('hears of no abort after it has settled', () => {
    const { pending, controller, told } = pendingOf(5);
    pending.take(4).reject(refused);
    controller.abort(gone);
    assert.deepEqual(told, ['leaves', refused, 'settled']);
  });

  it('delivers nothing twice, and tells who tries', () => {
    const { pending, told } = pendingOf(3);
    const part = pending.take(3);
    const result = resultOf(part.request);
    part.resolve(result);
    part.reject(refused);
    assert.deepEqual(told, [result, 'settled', 'a part of a request was settled twice']);
  });

  it('fails when its parts gave outputs of different kinds', () => {
    for (const shape of [[1, 2], [2, 1], [1]]) {
      const { pending, told } = pendingOf(5);
      const [first, second] = [pending.take(4), pending.take(1)];
      first.resolve(resultOf(first.request));
      const y = { datatype: 'FP32', shape, data: new Float32Array(2) } as const;
      second.resolve(resultOf(second.request, { outputs: { y } }));
      assert.equal((told[0] as MillraceError).code, 'EXECUTION_FAILED');
    }
  });
});
