import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BucketConfig, batchingSchema } from '#src/batching/batching-config.js';
import { fillWith, ShapeBuckets, sizeOnGrid } from '#src/batching/shape-buckets.js';
import { allocate, type Datatype } from '#src/tensor/datatype.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import { batcherFor, patient } from '../support/batcher-fixture.js';
import { answerTo, scaledRows } from '../support/fake-model.js';
import { propertyRuns } from '../support/property-runs.js';
import { fp32, int64, plain, plainAll } from '../support/tensors.js';

const bucket = (given: object): BucketConfig => batchingSchema.parse({ buckets: [given] }).buckets[0] as BucketConfig;
const axes = { inputs: { ids: 0, mask: 0, x: 0 }, outputs: { y: 0 } };

describe('a grid of sizes', () => {
  it('is a list, or the multiples of a number', () => {
    assert.deepEqual(
      [1, 4, 5, 9].map((size) => sizeOnGrid([4, 8], size)),
      [4, 4, 8, undefined],
    );
    assert.deepEqual(
      [0, 1, 8, 9].map((size) => sizeOnGrid(8, size)),
      [8, 8, 8, 16],
    );
  });

  it('rises', () => {
    assert.throws(() => bucket({ inputs: { x: 1 }, sizes: [4, 4] }), /expected rising sizes/);
  });
});

describe('shape buckets', () => {
  const words = bucket({ inputs: { ids: 1, mask: 1 }, outputs: { y: 1 }, sizes: [4, 8], padding: { ids: 9 } });
  const request = (ids: NamedTensors) => ({ rows: 2, inputs: ids });

  it('make nothing that is far too large to find out that it is', () => {
    const coarse = bucket({ inputs: { x: 1 }, outputs: { y: 1 }, sizes: 128 });
    const buckets = new ShapeBuckets([coarse], 0.5, axes);
    // Of no bytes; filled up to the grid it would be a tensor of a terabyte.
    const asked = { rows: 1, inputs: { x: fp32([1, 0, 2 ** 31]) } };
    assert.equal(buckets.fit(asked).request, asked);
  });

  it('pad each input with its value along its axis, and cut the outputs back', () => {
    const buckets = new ShapeBuckets([words], 0.5, axes);
    const inputs = { ids: int64([2, 3], 1, 2, 3, 4, 5, 6), mask: int64([2, 3], 1, 1, 1, 1, 1, 1) };
    const { request: fitted, elements, padding, cut } = buckets.fit(request(inputs));
    assert.deepEqual(plainAll(fitted.inputs), {
      ids: { shape: [2, 4], values: [1n, 2n, 3n, 9n, 4n, 5n, 6n, 9n] },
      mask: { shape: [2, 4], values: [1n, 1n, 1n, 0n, 1n, 1n, 1n, 0n] },
    });
    assert.deepEqual([fitted.rows, elements, padding], [2, 16, 4]);
    const outputs = cut({ y: fp32([2, 4], 1, 2, 3, 0, 4, 5, 6, 0), other: fp32([4], 1, 2, 3, 4) });
    assert.deepEqual(plainAll(outputs), {
      y: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
      other: { shape: [4], values: [1, 2, 3, 4] },
    });
  });

  it('leave alone what is on the grid, what is beyond it, and what would be padding for the most part', () => {
    const buckets = new ShapeBuckets([words], 0.5, axes);
    for (const size of [4, 8, 9, 1]) {
      const ids = int64([1, size], ...Array.from({ length: size }, () => 1));
      const given = request({ ids, mask: ids });
      const { request: fitted, elements, padding, cut } = buckets.fit(given);
      assert.deepEqual([fitted, elements, padding], [given, 2 * size, 0]);
      const outputs = { y: fp32([1, 4], 1, 2, 3, 4) };
      assert.equal(cut(outputs), outputs);
    }
    assert.equal(buckets.fit(request({ ids: int64([1, 2], 1, 1), mask: int64([1, 2], 1, 1) })).padding, 4);
  });

  it('leave alone inputs whose sizes differ, for the model to complain of', () => {
    const buckets = new ShapeBuckets([words], 0.9, axes);
    const given = request({ ids: int64([1, 3], 1, 2, 3), mask: int64([1, 2], 1, 1) });
    assert.equal(buckets.fit(given).request, given);
  });

  it('pad several dimensions of one input', () => {
    const side = (axis: number) => bucket({ inputs: { x: axis }, outputs: { y: axis }, sizes: 2 });
    const buckets = new ShapeBuckets([side(1), side(2)], 0.9, axes);
    const { request: fitted, padding, cut } = buckets.fit({ rows: 1, inputs: { x: fp32([1, 1, 3], 1, 2, 3) } });
    assert.deepEqual(plainAll(fitted.inputs), { x: { shape: [1, 2, 4], values: [1, 2, 3, 0, 0, 0, 0, 0] } });
    assert.equal(padding, 5);
    assert.deepEqual(plainAll(cut({ y: fp32([1, 2, 4], 1, 2, 3, 4, 5, 6, 7, 8) })), {
      y: { shape: [1, 1, 3], values: [1, 2, 3] },
    });
  });

  it('give back what they got, for any sizes, when the model keeps to them', () => {
    const sizes = fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constantFrom([3], [2, 5, 9], [1, 12]));
    const property = fc.property(
      sizes,
      fc.integer({ min: 1, max: 14 }),
      fc.integer({ min: 1, max: 3 }),
      (grid, size, rows) => {
        const buckets = new ShapeBuckets([bucket({ inputs: { x: 1 }, outputs: { y: 1 }, sizes: grid })], 0.99, axes);
        const x = fp32([rows, size], ...Array.from({ length: rows * size }, (_, index) => index));
        const { request: fitted, cut } = buckets.fit({ rows, inputs: { x } });
        assert.deepEqual(plain(cut({ y: fitted.inputs['x'] ?? x })['y'] ?? x), plain(x));
      },
    );
    fc.assert(property, propertyRuns(300));
  });
});

describe('the sizes to warm up', () => {
  it('are those of the first grid that is a list', () => {
    const listed = bucket({ inputs: { x: 2 }, sizes: [3, 6] });
    const multiples = bucket({ inputs: { x: 1 }, sizes: 4 });
    assert.deepEqual(new ShapeBuckets([multiples, listed], 0.5, axes).sizes, [3, 6]);
    assert.deepEqual(new ShapeBuckets([multiples], 0.5, axes).sizes, []);
  });
});

describe('a value to pad with', () => {
  it('is held by the datatype, or refused', () => {
    const fill = (datatype: Datatype, value: number | string) => {
      const data = allocate(datatype, 2);
      return [fillWith({ datatype, shape: [2], data }, value), Array.from(data as Iterable<unknown>)];
    };
    assert.deepEqual(fill('INT64', -1), [true, [-1n, -1n]]);
    assert.deepEqual(fill('FP16', 1), [true, [0x3c00, 0x3c00]]);
    assert.deepEqual(fill('BYTES', '-'), [true, ['-', '-']]);
    assert.equal(fill('UINT8', 256)[0], false);
    assert.equal(fill('FP32', 'a')[0], false);
    assert.equal(fill('BYTES', 1)[0], false);
  });
});

describe('the dynamic batcher with shape buckets', () => {
  it('lets requests of different sizes share a batch, and tells how much of it is padding', async (t) => {
    const rule = bucket({ inputs: { x: 1 }, outputs: { y: 1 }, sizes: [3] });
    const buckets = new ShapeBuckets([rule], 0.7, { inputs: { x: 0 }, outputs: { y: 0 } });
    const { clock, batcher, events, instances, batches } = batcherFor(t, { buckets });
    const requests = [scaledRows([[1]]), scaledRows([[2, 3]]), scaledRows([[4, 5, 6]])];
    const answers = requests.map(answerTo);
    const results = Promise.all(requests.map((request) => batcher.submit(request, patient())));
    await clock.settle();
    assert.deepEqual(batches(), [[1, 0, 0, 2, 3, 0, 4, 5, 6]]);
    instances.only.finish();
    assert.deepEqual(
      (await results).map(({ outputs }) => outputs),
      answers,
    );
    assert.deepEqual(
      events.of('requestPadded').map(({ elements, padding }) => [elements, padding]),
      [
        [4, 2],
        [4, 1],
        [4, 0],
      ],
    );
  });
});
