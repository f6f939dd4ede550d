import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchKey, gather, type InferenceRequest, RowMismatch, scatter } from '#src/batching/batch.js';
import type { BatchAxes } from '#src/model/signature.js';
import type { Tensor } from '#src/tensor/tensor.js';

const axes: BatchAxes = { inputs: { x: 0, scale: null }, outputs: { y: 0, total: null } };

function fp32(shape: number[], ...values: number[]): Tensor {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
}

function text(shape: number[], ...values: string[]): Tensor {
  return { datatype: 'BYTES', shape, data: values };
}

function request(x: Tensor, scale = fp32([], 1)): InferenceRequest {
  return { rows: x.shape[0] as number, inputs: { x, scale } };
}

function mayShare(a: InferenceRequest, b: InferenceRequest, along = axes): boolean {
  return batchKey(a, along) === batchKey(b, along);
}

describe('which requests may share a batch', () => {
  const one = request(fp32([1, 2], 1, 2));

  it('those that differ in their rows alone', () => {
    assert.ok(mayShare(one, request(fp32([1, 2], 3, 4))));
    assert.ok(mayShare(one, request(fp32([3, 2], 1, 2, 3, 4, 5, 6))));
  });

  it('not those whose rows have other shapes', () => {
    assert.ok(!mayShare(one, request(fp32([1, 3], 1, 2, 3))));
    assert.ok(!mayShare(one, request(fp32([1, 2, 1], 1, 2))));
    assert.ok(!mayShare(request(fp32([2, 12])), request(fp32([21, 2]))));
    assert.ok(!mayShare(request(fp32([1, 1, 23])), request(fp32([1, 12, 3]))));
  });

  it('not those of other datatypes or other inputs', () => {
    assert.ok(!mayShare(one, request({ datatype: 'FP64', shape: [1, 2], data: Float64Array.of(1, 2) })));
    assert.ok(!mayShare(one, { rows: 1, inputs: { x: fp32([1, 2], 1, 2) } }));
    const renamed = { rows: 1, inputs: { z: fp32([1, 2], 1, 2), scale: fp32([], 1) } };
    assert.ok(!mayShare(one, renamed, { ...axes, inputs: { ...axes.inputs, z: 0 } }));
  });

  it('not those with other bytes, or another shape, in an input without a batch axis', () => {
    assert.ok(!mayShare(one, request(fp32([1, 2], 1, 2), fp32([], 2))));
    assert.ok(!mayShare(one, request(fp32([1, 2], 1, 2), fp32([1], 1))));
    assert.ok(!mayShare(request(fp32([1, 1], 1), fp32([], 0)), request(fp32([1, 1], 1), fp32([], -0))));
  });

  it('a large shared input is told apart by all of its bytes', () => {
    const large = (last: number) => fp32([1000], ...new Array<number>(999).fill(7), last);
    assert.ok(mayShare(request(fp32([1, 1], 1), large(7)), request(fp32([1, 1], 2), large(7))));
    assert.ok(!mayShare(request(fp32([1, 1], 1), large(7)), request(fp32([1, 1], 1), large(8))));
  });

  it('a shared input that is a view counts by what it shows', () => {
    const buffer = Float32Array.of(5, 6, 5);
    const [first, second, third] = [0, 1, 2].map((at) => ({ ...fp32([1]), data: buffer.subarray(at, at + 1) }));
    assert.ok(!mayShare(request(fp32([1, 1], 1), first), request(fp32([1, 1], 1), second)));
    assert.ok(mayShare(request(fp32([1, 1], 1), first), request(fp32([1, 1], 1), third)));
  });

  it('shared strings are told apart by where one ends, too', () => {
    const x = fp32([1, 1], 1);
    assert.ok(mayShare(request(x, text([2], 'a', 'b')), request(x, text([2], 'a', 'b'))));
    assert.ok(!mayShare(request(x, text([2], 'ab', '')), request(x, text([2], 'a', 'b'))));
    assert.ok(!mayShare(request(x, text([2], 'a,b', 'c')), request(x, text([2], 'a', 'b,c'))));
  });

  it('the outputs that are wanted are the same, in whatever order they are named', () => {
    const wants = (...outputs: string[]) => ({ ...request(fp32([1, 1], 1)), outputs });
    assert.ok(mayShare(wants('a', 'b'), wants('b', 'a')));
    assert.ok(!mayShare(wants('a'), wants('a', 'b')));
    assert.ok(!mayShare(wants('a'), request(fp32([1, 1], 1))));
    assert.ok(!mayShare(wants('a","b'), wants('a', 'b')));
  });

  it('the batch axis may be any axis', () => {
    const timeFirst: BatchAxes = { inputs: { x: 1, scale: null }, outputs: { y: 1 } };
    assert.ok(mayShare(request(fp32([2, 1], 1, 2)), request(fp32([2, 2], 1, 2, 3, 4)), timeFirst));
    assert.ok(!mayShare(request(fp32([2, 1], 1, 2)), request(fp32([3, 1], 1, 2, 3)), timeFirst));
  });
});

describe('gather', () => {
  it('lays rows behind one another and takes shared inputs once', () => {
    const gathered = gather([request(fp32([1, 2], 1, 2)), request(fp32([2, 2], 3, 4, 5, 6))], axes);
    assert.deepEqual(gathered, { x: fp32([3, 2], 1, 2, 3, 4, 5, 6), scale: fp32([], 1) });
  });

  it('lays columns beside one another where the batch axis is the second', () => {
    const along: BatchAxes = { inputs: { x: 1, scale: null }, outputs: {} };
    const { x } = gather([request(fp32([2, 1], 1, 2)), request(fp32([2, 2], 3, 4, 5, 6))], along);
    assert.deepEqual(x, fp32([2, 3], 1, 3, 4, 2, 5, 6));
  });

  it('does not copy a request that is alone', () => {
    const alone = request(fp32([1, 2], 1, 2));
    assert.equal(gather([alone], axes)['x'], alone.inputs['x']);
  });
});

describe('scatter', () => {
  const requests = [request(fp32([1, 1], 1)), request(fp32([2, 1], 2, 3)), request(fp32([1, 1], 4))];

  it('gives each request its own rows, in order, and outputs without a batch axis whole', () => {
    const total = fp32([1], 10);
    const parts = scatter({ y: fp32([4, 2], 1, 1, 2, 2, 3, 3, 4, 4), total }, requests, axes);
    assert.deepEqual(parts, [
      { y: fp32([1, 2], 1, 1), total },
      { y: fp32([2, 2], 2, 2, 3, 3), total },
      { y: fp32([1, 2], 4, 4), total },
    ]);
  });

  it('cuts along the second axis, and strings', () => {
    const along: BatchAxes = { inputs: {}, outputs: { y: 1, label: 0 } };
    const outputs = { y: fp32([2, 4], 1, 2, 3, 4, 5, 6, 7, 8), label: text([4], 'a', 'b', 'c', 'd') };
    const parts = scatter(outputs, requests, along);
    assert.deepEqual(
      parts.map(({ y }) => Array.from(y?.data as Float32Array)),
      [
        [1, 5],
        [2, 3, 6, 7],
        [4, 8],
      ],
    );
    assert.deepEqual(
      parts.map(({ label }) => label?.data),
      [['a'], ['b', 'c'], ['d']],
    );
  });

  it('refuses an output that does not hold a row for each, rather than guess', () => {
    const outputs = { y: fp32([3, 1], 1, 2, 3) };
    assert.throws(
      () => scatter(outputs, requests, axes),
      (error) =>
        error instanceof RowMismatch && /output y has the shape \[3, 1\] for a batch of 4 rows/.test(error.message),
    );
    assert.throws(() => scatter({ y: fp32([], 1) }, requests, axes), RowMismatch);
  });

  it('leaves out what nobody wants, and does not mind how many rows that has', () => {
    const outputs = { y: fp32([2, 1], 1, 2), other: fp32([7], 1, 2, 3, 4, 5, 6, 7) };
    const one = { ...request(fp32([1, 1], 1)), outputs: ['y'] };
    assert.deepEqual(scatter(outputs, [one, one], axes), [{ y: fp32([1, 1], 1) }, { y: fp32([1, 1], 2) }]);
    assert.deepEqual(scatter(outputs, [one], axes), [{ y: outputs.y }]);
  });

  it('gives a request that was alone everything as it is', () => {
    const outputs = { y: fp32([5], 1, 2, 3, 4, 5), total: fp32([1], 10) };
    assert.deepEqual(scatter(outputs, requests.slice(0, 1), axes), [outputs]);
  });
});
