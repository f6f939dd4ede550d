import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate, type Datatype } from '#src/tensor/datatype.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import { writeNumber } from '#src/tensor/number-element.js';

/** The element that a number becomes; undefined if the datatype does not hold it. */
function written(datatype: Datatype, value: number): number | bigint | string | undefined {
  const tensor = { datatype, data: allocate(datatype, 3) };
  const isHeld = writeNumber(tensor, 1, value);
  const empty = allocate(datatype, 1)[0];
  assert.deepEqual([tensor.data[0], tensor.data[2]], [empty, empty], 'wrote elsewhere');
  return isHeld ? tensor.data[1] : undefined;
}

describe('writeNumber', () => {
  const ranges: [Datatype, number, number][] = [
    ['UINT8', 0, 255],
    ['UINT16', 0, 65_535],
    ['UINT32', 0, 4_294_967_295],
    ['INT8', -128, 127],
    ['INT16', -32_768, 32_767],
    ['INT32', -2_147_483_648, 2_147_483_647],
  ];
  for (const [datatype, least, greatest] of ranges) {
    it(`writes the whole numbers of ${datatype}`, () => {
      for (const value of [least, greatest, 1]) assert.equal(written(datatype, value), value);
      for (const value of [least - 1, greatest + 1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
        assert.equal(written(datatype, value), undefined, String(value));
      }
    });
  }

  it('writes 64-bit integers as far as a number is exact', () => {
    const exact = 2 ** 53 - 1;
    assert.equal(written('INT64', -exact), BigInt(-exact));
    assert.equal(written('UINT64', exact), BigInt(exact));
    assert.equal(written('UINT64', 0), 0n);
    for (const value of [2 ** 53, 0.5, Number.NaN, Infinity]) assert.equal(written('INT64', value), undefined);
    for (const value of [-1, 2 ** 53, 0.5, Number.NaN]) assert.equal(written('UINT64', value), undefined);
  });

  it('writes floats that do not round to Infinity, and NaN', () => {
    assert.equal(written('FP64', Number.MAX_VALUE), Number.MAX_VALUE);
    assert.equal(written('FP32', 0.1), Math.fround(0.1));
    assert.equal(written('FP16', 65_519), numberToHalf(65_504));
    for (const datatype of ['FP16', 'FP32', 'FP64'] as const) {
      assert.notEqual(written(datatype, Number.NaN), undefined);
      for (const value of [Infinity, -Infinity]) assert.equal(written(datatype, value), undefined);
    }
    assert.equal(written('FP32', 2 ** 128), undefined);
    assert.equal(written('FP16', 65_520), undefined);
  });

  it('writes 0 and 1 as booleans, and no number as a string', () => {
    assert.deepEqual([written('BOOL', 0), written('BOOL', 1)], [0, 1]);
    for (const value of [2, -1, 0.5, Number.NaN, 256]) assert.equal(written('BOOL', value), undefined, String(value));
    assert.equal(written('BYTES', 1), undefined);
  });
});
