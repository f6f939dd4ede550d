import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { allocate, type Datatype, datatypes } from '#src/tensor/datatype.js';
import { byteLength, elementCount, totalBytes } from '#src/tensor/tensor.js';

describe('elementCount', () => {
  it('multiplies the dimensions; a scalar has one element', () => {
    assert.equal(elementCount([2, 3, 4]), 24);
    assert.equal(elementCount([]), 1);
    assert.equal(elementCount([5, 0, 7]), 0);
    assert.equal(elementCount([2 ** 26, 2 ** 26]), 2 ** 52);
  });

  const impossible: [name: string, shape: number[], axis: number][] = [
    ['a product of 2^53', [2 ** 26, 2 ** 27], 1],
    ['a product that overflows 64 bits and would come out as 0', [2 ** 32, 2 ** 32], 1],
    ['a product beyond all floats', [2 ** 52, ...new Array<number>(30).fill(2 ** 52)], 1],
    ['a dimension beyond 2^53 behind an empty one', [0, 2 ** 53], 1],
    ['a negative dimension', [2, -1], 1],
    ['two negative dimensions, whose product is positive', [-2, -2], 0],
    ['a fraction', [2, 1.5], 1],
    ['a fraction that another makes whole', [0.5, 2], 0],
    ['NaN', [Number.NaN], 0],
    ['NaN behind an empty dimension', [0, Number.NaN], 1],
    ['Infinity', [0, Number.POSITIVE_INFINITY], 1],
  ];
  for (const [name, shape, axis] of impossible) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => elementCount(shape),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, 'INVALID_INPUT');
          assert.equal(error.details.path, `shape[${axis}]`);
          assert.equal(error.details.got, String(shape[axis]));
          return true;
        },
      );
    });
  }
});

describe('byteLength and totalBytes', () => {
  it('count the bytes of the elements', () => {
    const x = { datatype: 'INT64', shape: [3], data: new BigInt64Array(3) } as const;
    const y = { datatype: 'FP16', shape: [2, 2], data: new Uint16Array(4) } as const;
    assert.equal(byteLength(x), 24);
    assert.equal(byteLength(y), 8);
    assert.equal(totalBytes({ x, y }), 32);
    assert.equal(totalBytes({}), 0);
  });

  it('count strings by what they take in memory', () => {
    assert.equal(byteLength({ datatype: 'BYTES', shape: [3], data: ['abc', '', '🌊'] }), 10);
  });
});

describe('allocate', () => {
  const names = Object.keys(datatypes) as Datatype[];

  for (const datatype of names.filter((name) => name !== 'BYTES')) {
    it(`gives zeros of ${datatype} in as many bytes as the table says`, () => {
      const data = allocate(datatype, 3);
      assert.ok(ArrayBuffer.isView(data));
      assert.equal(data.byteLength, 3 * (datatypes[datatype].bytes as number));
      assert.deepEqual([...data].map(Number), [0, 0, 0]);
    });
  }

  it('gives empty strings for BYTES', () => {
    assert.deepEqual(allocate('BYTES', 2), ['', '']);
    assert.deepEqual(allocate('BYTES', 0), []);
  });

  it('tells signed from unsigned, and holds half floats as bit patterns', () => {
    const kinds = names.map((name) => [name, allocate(name, 0).constructor.name]);
    assert.deepEqual(Object.fromEntries(kinds), {
      BOOL: 'Uint8Array',
      UINT8: 'Uint8Array',
      UINT16: 'Uint16Array',
      UINT32: 'Uint32Array',
      UINT64: 'BigUint64Array',
      INT8: 'Int8Array',
      INT16: 'Int16Array',
      INT32: 'Int32Array',
      INT64: 'BigInt64Array',
      FP16: 'Uint16Array',
      FP32: 'Float32Array',
      FP64: 'Float64Array',
      BYTES: 'Array',
    });
  });
});
