import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideAfterFailure, type FailedRequest } from '#src/batching/after-failure.js';

const innocent: FailedRequest = { mayRun: true, isSuspect: false, crashes: 0 };
const left: FailedRequest = { ...innocent, mayRun: false };
const suspect: FailedRequest = { ...innocent, isSuspect: true };
const requests = (count: number) => Array.from({ length: count }, () => innocent);
const nothing = { culprit: undefined, again: [] };

describe('what follows from a failed execution', () => {
  it('is a culprit where one request was alone', () => {
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', [innocent]), { culprit: 0, again: [] });
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', [left]), { culprit: 0, again: [] });
  });

  it('is two halves where there were several', () => {
    const { again } = decideAfterFailure('EXECUTION_FAILED', requests(5));
    assert.deepEqual(again, [
      [0, 1, 2],
      [3, 4],
    ]);
    assert.deepEqual(decideAfterFailure('INSTANCE_CRASHED', requests(2)).again, [[0], [1]]);
  });

  it('leaves out those who may not run again', () => {
    const some = [innocent, left, innocent, left, innocent];
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', some).again, [[0, 2], [4]]);
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', [left, innocent]), { culprit: undefined, again: [[1]] });
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', [left, left]), nothing);
  });

  it('picks out those who are known to fail, and leaves the others together', () => {
    const some = [innocent, suspect, innocent, innocent, suspect];
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', some).again, [[1], [4], [0, 2, 3]]);
    assert.deepEqual(decideAfterFailure('EXECUTION_FAILED', [suspect, suspect]).again, [[0], [1]]);
  });

  it('is another try for one that lost its instance once, and a verdict when it does so twice', () => {
    assert.deepEqual(decideAfterFailure('INSTANCE_CRASHED', [{ ...innocent, crashes: 1 }]).again, [[0]]);
    assert.equal(decideAfterFailure('INSTANCE_CRASHED', [{ ...innocent, crashes: 2 }]).culprit, 0);
    assert.deepEqual(decideAfterFailure('INSTANCE_CRASHED', [{ ...left, crashes: 1 }]), nothing);
  });

  it('is the same for one that took more memory or time than there is', () => {
    for (const code of ['OUT_OF_MEMORY', 'EXECUTION_TIMEOUT'] as const) {
      assert.deepEqual(decideAfterFailure(code, requests(3)).again, [[0, 1], [2]]);
      assert.deepEqual(decideAfterFailure(code, [{ ...innocent, crashes: 1 }]).again, [[0]]);
      assert.equal(decideAfterFailure(code, [{ ...innocent, crashes: 2 }]).culprit, 0);
    }
  });

  it('is nothing where the error says nothing of the inputs', () => {
    for (const code of ['INTERNAL', 'MODEL_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const) {
      assert.deepEqual(decideAfterFailure(code, requests(4)), nothing);
      assert.deepEqual(decideAfterFailure(code, requests(1)), nothing);
    }
  });
});
