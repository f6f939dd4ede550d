import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { floatArraysText } from '#src/tensor/float-arrays.js';
import { floatText } from '#src/tensor/float-text.js';
import { propertyRuns } from '../support/property-runs.js';

/** The same by nested arrays of texts. */
function reference(texts: readonly string[], shape: readonly number[]): string {
  const [length, ...inner] = shape;
  if (length === undefined) return texts[0] as string;
  const size = inner.reduce((product, each) => product * each, 1);
  const parts = Array.from({ length }, (_, index) => reference(texts.slice(index * size, (index + 1) * size), inner));
  return `[${parts.join(',')}]`;
}

function assertNested(floats: Float32Array, shape: readonly number[]): void {
  assert.equal(floatArraysText(floats, shape), reference(Array.from(floats, floatText), shape));
}

describe('floatArraysText', () => {
  it('nests floats of any shape', () => {
    const cases = fc.array(fc.nat({ max: 5 }), { maxLength: 4 }).chain((shape) => {
      const count = shape.reduce((product, each) => product * each, 1);
      const floats = fc.float32Array({ minLength: count, maxLength: count, noNaN: true, noDefaultInfinity: true });
      return fc.record({ shape: fc.constant(shape), floats });
    });
    fc.assert(
      fc.property(cases, ({ shape, floats }) => assertNested(floats, shape)),
      propertyRuns(500),
    );
  });

  it('goes on where its memory ends, in rows of any length', () => {
    const floats = Float32Array.from({ length: 30_000 }, (_, index) => -1 / (index + 3e7));
    for (const shape of [[30_000], [300, 100], [7500, 4], [30_000, 1], [2, 63, 100], [3, 64, 10], [65, 3]]) {
      assertNested(
        floats.subarray(
          0,
          shape.reduce((product, each) => product * each, 1),
        ),
        shape,
      );
    }
    assertNested(new Float32Array(), [30_000, 0]);
  });

  it('reads the part of the memory that is the tensor', () => {
    const view = Float32Array.of(9, 9, 1, 2, 9).subarray(2, 4);
    assert.equal(floatArraysText(view, [2]), '[1,2]');
  });

  it('gives nothing when one float is not finite, and the next tensor as ever', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.equal(floatArraysText(Float32Array.of(value), []), undefined);
      assert.equal(floatArraysText(new Float32Array(200).fill(value, 150), [2, 100]), undefined);
      assert.equal(floatArraysText(Float32Array.of(1, 2), [2, 1]), '[[1],[2]]');
    }
  });
});
