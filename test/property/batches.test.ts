import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { batchKey, gather, type InferenceRequest, scatter } from '#src/batching/batch.js';
import type { BatchAxes } from '#src/model/signature.js';
import { allocate, type Datatype } from '#src/tensor/datatype.js';
import { elementCount, type Tensor } from '#src/tensor/tensor.js';
import { propertyRuns } from '../support/property-runs.js';

/** What a tensor of one of the requests looks like: the size of its batch axis is the request's number of rows. */
interface TensorChoice {
  readonly datatype: Datatype;
  /** The shape of a row. */
  readonly row: readonly number[];
  /** Where the batch axis is put into it; null for a shared tensor. */
  readonly axis: number | null;
}

const datatype = fc.constantFrom<Datatype>('FP32', 'INT64', 'UINT8', 'FP16', 'BYTES');
const tensorChoice = fc
  .record({
    datatype,
    row: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    place: fc.option(fc.nat(3), { nil: null }),
  })
  .map(({ datatype, row, place }): TensorChoice => {
    return { datatype, row, axis: place === null ? null : place % (row.length + 1) };
  });

/** A tensor with elements that count up from `seed`, so that no two rows are the same by chance. */
function tensorOf({ datatype, row, axis }: TensorChoice, rows: number, seed: number): Tensor {
  const shape = axis === null ? row : row.toSpliced(axis, 0, rows);
  const data = allocate(datatype, elementCount(shape));
  for (let index = 0; index < data.length; index += 1) {
    const value = seed + index;
    if (Array.isArray(data)) data[index] = `text ${value}`;
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(value);
    else data[index] = value;
  }
  return { datatype, shape, data };
}

describe('gather and scatter', () => {
  it('give every request back what it put in, for any datatypes, shapes and batch axes', () => {
    const property = fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tensorChoice, { minKeys: 1 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      (choices, rowCounts) => {
        const axesByName = Object.fromEntries(Object.entries(choices).map(([name, { axis }]) => [name, axis]));
        const axes: BatchAxes = { inputs: axesByName, outputs: axesByName };
        const requests = rowCounts.map((rows, index): InferenceRequest => {
          const tensors = Object.entries(choices).map(([name, choice]) => {
            return [name, tensorOf(choice, rows, choice.axis === null ? 7 : index * 60)];
          });
          return { rows, inputs: Object.fromEntries(tensors) };
        });
        const batch = gather(requests, axes);
        for (const [name, { shape, data }] of Object.entries(batch)) {
          assert.equal(data.length, elementCount(shape), name);
        }
        const expected = requests.map(({ inputs }) => inputs);
        assert.deepEqual(scatter(batch, requests, axes), expected);
      },
    );
    fc.assert(property, propertyRuns(300));
  });
});

describe('the batch key', () => {
  const axes: BatchAxes = { inputs: { x: 0, scale: null }, outputs: {} };
  const numbers = (length: number) =>
    fc.array(fc.constantFrom(0, -0, 1, Number.NaN), { minLength: length, maxLength: length });
  const x = fc.record({
    datatype: fc.constantFrom<Datatype>('FP32', 'FP64'),
    rows: fc.integer({ min: 1, max: 3 }),
    row: fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 2 }),
  });
  const scale = fc.constantFrom([], [1], [2], [1, 2], [20]).chain((shape) => {
    return fc.record({ shape: fc.constant(shape), values: numbers(elementCount(shape)) });
  });
  const request = fc.record({ x, scale }).map(({ x: { datatype, rows, row }, scale: { shape, values } }) => {
    const inputs = {
      x: tensorOf({ datatype, row, axis: 0 }, rows, rows),
      scale: { datatype: 'FP32' as const, shape, data: Float32Array.from(values) },
    };
    return { rows, inputs };
  });

  it('is the same exactly for requests whose rows have one type and shape and whose shared inputs are equal', () => {
    const property = fc.property(request, request, (a, b) => {
      const sameRows =
        a.inputs.x.datatype === b.inputs.x.datatype && same(a.inputs.x.shape.slice(1), b.inputs.x.shape.slice(1));
      const sameScale =
        same(a.inputs.scale.shape, b.inputs.scale.shape) && same(a.inputs.scale.data, b.inputs.scale.data);
      assert.equal(batchKey(a, axes) === batchKey(b, axes), sameRows && sameScale);
    });
    fc.assert(property, propertyRuns(1000));
  });

  function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
    return a.length === b.length && Array.from(a).every((value, index) => Object.is(value, b[index]));
  }
});
