import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatenate, rowsOf } from '#src/tensor/batch-axis.js';
import { allocate, type Datatype, datatypes, type NumericArray } from '#src/tensor/datatype.js';
import { elementCount, type Tensor } from '#src/tensor/tensor.js';

interface Parts {
  readonly axis: number;
  readonly parts: readonly Tensor[];
}

/** A tensor whose elements are `first`, `first + 1`, … modulo what its datatype holds. */
function counting(datatype: Datatype, shape: readonly number[], first = 0): Tensor {
  const data = allocate(datatype, elementCount(shape));
  for (let index = 0; index < data.length; index += 1) {
    const value = first + index;
    if (Array.isArray(data)) data[index] = `text ${value}`;
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(value) * 2n ** 40n;
    else data[index] = value;
  }
  return { datatype, shape, data };
}

/** Tensors of one datatype that differ in the size of one axis at most; sizes may be 0. */
const partsArbitrary: fc.Arbitrary<Parts> = fc
  .record({
    datatype: fc.constantFrom(...(Object.keys(datatypes) as Datatype[])),
    before: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    after: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    rows: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ datatype, before, after, rows }) => ({
    axis: before.length,
    parts: rows.map((count, index) => counting(datatype, [...before, count, ...after], index * 1000)),
  }));

/** Every index of a shape in row-major order. */
function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])),
    [[]],
  );
}

/** One element, found the slow way. */
function elementAt({ shape, data }: Tensor, index: readonly number[]): unknown {
  return data[index.reduce((offset, at, axis) => offset * (shape[axis] as number) + at, 0)];
}

/** What lies at an index of the parts laid behind one another along an axis. */
function elementAcross(parts: readonly Tensor[], axis: number, index: readonly number[]): unknown {
  let row = index[axis] as number;
  for (const part of parts) {
    const rows = part.shape[axis] as number;
    if (row < rows) return elementAt(part, index.with(axis, row));
    row -= rows;
  }
  return assert.fail('beyond the last part');
}

/** Cuts a batch into as many rows as each of `parts` has. */
function split(batch: Tensor, axis: number, parts: readonly Tensor[]): Tensor[] {
  let from = 0;
  return parts.map(({ shape }) => {
    const count = shape[axis] as number;
    const part = rowsOf(batch, axis, { from, count });
    from += count;
    return part;
  });
}

describe('concatenate and rowsOf', () => {
  it('give back the parts, for every axis, datatype and size', () => {
    fc.assert(
      fc.property(partsArbitrary, ({ axis, parts }) => {
        assert.deepEqual(split(concatenate(parts, axis), axis, parts), parts);
      }),
      { numRuns: 500 },
    );
  });

  it('lay each element where it belongs', () => {
    fc.assert(
      fc.property(partsArbitrary, ({ axis, parts }) => {
        const batch = concatenate(parts, axis);
        const rows = parts.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
        assert.deepEqual(batch.shape, parts[0]?.shape.with(axis, rows));
        assert.equal(batch.data.length, elementCount(batch.shape));
        for (const index of indices(batch.shape)) {
          assert.equal(elementAt(batch, index), elementAcross(parts, axis, index));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('concatenate', () => {
  it('hands on a single part as it is', () => {
    const part = counting('FP32', [2, 3]);
    assert.equal(concatenate([part], 1), part);
  });

  it('leaves its parts alone', () => {
    const parts = [counting('INT32', [1, 2]), counting('INT32', [2, 2], 10)];
    const batch = concatenate(parts, 0);
    (batch.data as Int32Array).fill(-1);
    assert.deepEqual(parts, [counting('INT32', [1, 2]), counting('INT32', [2, 2], 10)]);
  });
});

describe('rowsOf', () => {
  const range = { from: 1, count: 2 };
  for (const datatype of ['FP32', 'INT64', 'BOOL', 'FP16'] as const) {
    it(`gives a view of the batch's own memory with the batch axis in front, for ${datatype}`, () => {
      const batch = counting(datatype, [4, 3]);
      const rows = rowsOf(batch, 0, range);
      const { buffer, byteOffset } = rows.data as NumericArray;
      assert.equal(buffer, (batch.data as NumericArray).buffer);
      assert.equal(byteOffset, 3 * datatypes[datatype].bytes);
    });
  }

  it('gives a view also behind axes of size 1, and copies behind others', () => {
    const buffers = (shape: number[], axis: number) => {
      const batch = counting('FP32', shape);
      return [(rowsOf(batch, axis, range).data as Float32Array).buffer, (batch.data as Float32Array).buffer];
    };
    const [view, viewed] = buffers([1, 4, 3], 1);
    assert.equal(view, viewed);
    const [copy, copied] = buffers([2, 4, 3], 1);
    assert.notEqual(copy, copied);
  });

  it('gives the batch itself for all of its rows', () => {
    const batch = counting('BYTES', [2, 3]);
    assert.equal(rowsOf(batch, 1, { from: 0, count: 3 }), batch);
  });

  it('takes no rows, also of strings with an empty axis in front of them', () => {
    assert.deepEqual(rowsOf(counting('BYTES', [0, 2, 3]), 1, { from: 1, count: 1 }), counting('BYTES', [0, 1, 3]));
    assert.deepEqual(rowsOf(counting('FP32', [3, 2]), 0, { from: 3, count: 0 }), counting('FP32', [0, 2]));
  });
});
