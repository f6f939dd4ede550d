import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dimension, itemShape, shapeText, wireShape } from '#src/model/signature.js';

const shape: Dimension[] = [2, { symbol: 'N' }, { symbol: null }];

describe('shapes of a signature', () => {
  it('are shown with the symbols that the export gave', () => {
    assert.equal(shapeText(shape), '[2, N, ?]');
    assert.equal(shapeText([]), '[]');
  });

  it('lose their batch axis in the shape of an item', () => {
    assert.deepEqual(itemShape(shape, 1), [2, { symbol: null }]);
    assert.deepEqual(itemShape(shape, 0), [{ symbol: 'N' }, { symbol: null }]);
    assert.deepEqual(itemShape(shape, null), shape);
    assert.deepEqual(itemShape([{ symbol: 'N' }], 0), []);
    assert.equal(shape.length, 3);
  });

  it('say -1 for what is free on the wire', () => {
    assert.deepEqual(wireShape(shape), [2, -1, -1]);
    assert.deepEqual(wireShape([0, 1]), [0, 1]);
  });
});
