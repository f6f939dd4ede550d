import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonNumbers } from '#src/tensor/json-numbers.js';

describe('JsonNumbers', () => {
  it('gives nested arrays of its shape', () => {
    const values = Float64Array.of(1, -0, 3, 4, 5, 1e300);
    assert.deepStrictEqual(new JsonNumbers([6], values).toArrays(), [1, -0, 3, 4, 5, 1e300]);
    assert.deepStrictEqual(new JsonNumbers([3, 2], values).toArrays(), [
      [1, -0],
      [3, 4],
      [5, 1e300],
    ]);
    assert.deepStrictEqual(new JsonNumbers([1, 2, 3, 1], values).toArrays(), [
      [
        [[1], [-0], [3]],
        [[4], [5], [1e300]],
      ],
    ]);
  });
});
