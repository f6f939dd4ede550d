import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '#src/v2/classification.js';
import type { V2Tensor } from '#src/v2/infer-request.js';

const scores: V2Tensor = { name: 'y', datatype: 'FP32', shape: [2, 3], data: Float32Array.of(0.1, 0.7, 0.2, 3, 3, -1) };
const options = { classes: 2, isBatched: true, labels: undefined };

describe('classify', () => {
  it('gives the highest of each row, the first of equals first', () => {
    const classes = classify(scores, options);
    assert.deepEqual(classes, { name: 'y', datatype: 'BYTES', shape: [2, 2], data: ['0.7:1', '0.2:2', '3:0', '3:1'] });
  });

  it('adds labels where they are known', () => {
    const { data } = classify(scores, { ...options, classes: 1, labels: ['a', 'b', 'c'] });
    assert.deepEqual(data, ['0.7:1:b', '3:0:a']);
  });

  it('gives all where there are fewer, and takes a tensor without a batch axis whole', () => {
    const { shape, data } = classify(scores, { classes: 9, isBatched: false, labels: undefined });
    assert.deepEqual(shape, [6]);
    assert.deepEqual(data, ['3:3', '3:4', '0.7:1', '0.2:2', '0.1:0', '-1:5']);
  });

  it('takes all dimensions behind the first for classes', () => {
    const { shape, data } = classify({ ...scores, shape: [1, 2, 3] }, options);
    assert.deepEqual(
      [shape, data],
      [
        [1, 2],
        ['3:3', '3:4'],
      ],
    );
  });

  it('orders integers and half floats by their values, and puts NaN last', () => {
    const longs: V2Tensor = { name: 'y', datatype: 'INT64', shape: [1, 2], data: BigInt64Array.of(-5n, 2n ** 60n) };
    assert.deepEqual(classify(longs, options).data, ['1152921504606846976:1', '-5:0']);
    const halves: V2Tensor = {
      name: 'y',
      datatype: 'FP16',
      shape: [1, 3],
      data: Uint16Array.of(0xbc00, 0x7e00, 0x3c00),
    };
    assert.deepEqual(classify(halves, { ...options, classes: 3 }).data, ['1:2', '-1:0', 'NaN:1']);
  });

  it('has nothing to say of no rows', () => {
    assert.deepEqual(classify({ ...scores, shape: [0, 3], data: new Float32Array() }, options).shape, [0, 0]);
  });

  it('refuses what has no order', () => {
    const text: V2Tensor = { name: 'y', datatype: 'BYTES', shape: [1], data: ['a'] };
    assert.throws(() => classify(text, options), {
      code: 'INVALID_INPUT',
      message: "class result not available for output 'y' due to unsupported type 'BYTES'",
    });
  });
});
