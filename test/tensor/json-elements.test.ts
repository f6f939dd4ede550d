import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allocate, type Datatype, type TensorData } from '#src/tensor/datatype.js';
import { halfToNumber } from '#src/tensor/half-float.js';
import { elementText, writeElements } from '#src/tensor/json-elements.js';

/** The elements that the values become. */
function written(datatype: Datatype, values: readonly unknown[]): TensorData {
  const data = allocate(datatype, values.length);
  writeElements(values, { datatype, data, at: 0, pathOf: (index) => `at[${index}]` });
  return data;
}

function assertRefused(datatype: Datatype, value: unknown, got?: string): void {
  const valid: Partial<Record<Datatype, unknown>> = { BOOL: true, BYTES: 'text' };
  const error = {
    code: 'INVALID_INPUT',
    ...(got === undefined ? {} : { details: { path: 'at[1]', expected: expectations[datatype] ?? 'whole', got } }),
  };
  assert.throws(() => written(datatype, [valid[datatype] ?? 1, value]), error, `${datatype} took ${String(value)}`);
}

const expectations: Partial<Record<Datatype, string>> = {
  BOOL: 'true or false',
  BYTES: 'a string of valid Unicode without NUL',
  FP32: 'a number that FP32 can hold',
  INT8: 'a whole number from -128 to 127',
  UINT64: 'a whole number from 0 to 9007199254740991',
};

describe('writeElements', () => {
  const ranges: [Datatype, number, number][] = [
    ['UINT8', 0, 255],
    ['UINT16', 0, 65_535],
    ['UINT32', 0, 4_294_967_295],
    ['UINT64', 0, 2 ** 53 - 1],
    ['INT8', -128, 127],
    ['INT16', -32_768, 32_767],
    ['INT32', -2_147_483_648, 2_147_483_647],
    ['INT64', -(2 ** 53) + 1, 2 ** 53 - 1],
  ];
  for (const [datatype, least, greatest] of ranges) {
    it(`takes ${datatype} from ${least} to ${greatest}, and nothing else`, () => {
      const numbers = [least, greatest, 0, 1];
      assert.deepEqual(Array.from(written(datatype, numbers) as ArrayLike<number | bigint>, Number), numbers);
      for (const value of [least - 1, greatest + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
        assertRefused(datatype, value);
      for (const value of [null, true, '1', [1], {}, undefined]) assertRefused(datatype, value);
    });
  }

  it('takes floats up to the last that does not round to Infinity', () => {
    const largest = 3.402_823_466_385_288_6e38;
    assert.deepEqual(written('FP32', [largest, -largest, 1e-50, 0.1]), Float32Array.of(largest, -largest, 0, 0.1));
    // Half-way to the next power of two: rounds to even, which is Infinity.
    const roundsUp = 2 ** 128 - 2 ** 103;
    assert.equal(Math.fround(roundsUp), Number.POSITIVE_INFINITY);
    for (const value of [roundsUp, -roundsUp, 1e39]) assertRefused('FP32', value);

    assert.deepEqual(
      Array.from(written('FP16', [65_504, 65_519, -65_519, 0.1]) as Uint16Array, halfToNumber),
      [65_504, 65_504, -65_504, 0.0999755859375],
    );
    for (const value of [65_520, -65_520, 1e9]) assertRefused('FP16', value);

    assert.deepEqual(written('FP64', [Number.MAX_VALUE, -0]), Float64Array.of(Number.MAX_VALUE, -0));
  });

  for (const datatype of ['FP16', 'FP32', 'FP64'] as const) {
    it(`takes nothing for ${datatype} that is no finite number`, () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, JSON.parse('1e999')])
        assertRefused(datatype, value);
      for (const value of [null, false, '1', [1], {}, undefined]) assertRefused(datatype, value);
    });
  }

  it('takes true and false for BOOL, and neither 0 nor 1', () => {
    assert.deepEqual(written('BOOL', [true, false]), Uint8Array.of(1, 0));
    for (const value of [0, 1, 'true', null]) assertRefused('BOOL', value);
  });

  it('takes strings of valid Unicode for BYTES', () => {
    assert.deepEqual(written('BYTES', ['', 'größer 🌊']), ['', 'größer 🌊']);
    for (const value of ['a\0b', '\uD83C', 1, null, ['a']]) assertRefused('BYTES', value);
  });

  it('says where the value stands, what was expected and what came', () => {
    assertRefused('FP32', null, 'null');
    assertRefused('INT8', 300, 'the number 300');
    assertRefused('UINT64', 2 ** 53, 'the number 9007199254740992');
    assertRefused('BOOL', 'yes', 'the string "yes"');
    assertRefused('BYTES', ['a', 'b'], 'an array of 2');
  });

  it('writes from the element it is told, and no other', () => {
    const data = Int16Array.of(7, 7, 7, 7);
    writeElements([1, 2], { datatype: 'INT16', data, at: 1, pathOf: String });
    assert.deepEqual(data, Int16Array.of(7, 1, 2, 7));
  });
});

describe('elementText', () => {
  it('gives 64-bit integers by all their digits', () => {
    assert.equal(elementText('INT64', -(2n ** 63n)), '-9223372036854775808');
    assert.equal(elementText('UINT64', 2n ** 64n - 1n), '18446744073709551615');
  });

  it('gives a float so that it reads back as the same bits, the sign of zero included', () => {
    for (const value of [0.1, -1.5e-300, Number.MAX_VALUE, 5e-324, 0, -0]) {
      assert.ok(Object.is(JSON.parse(elementText('FP64', value) as string), value), String(value));
    }
    assert.equal(elementText('FP32', Math.fround(0.1)), '0.1');
    assert.equal(elementText('FP32', -0), '-0.0');
    assert.equal(elementText('FP16', 0x3e00), '1.5');
  });

  it('gives nothing for what JSON cannot say', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.equal(elementText('FP32', value), undefined);
      assert.equal(elementText('FP64', value), undefined);
    }
    for (const bits of [0x7c00, 0xfc00, 0x7e00]) assert.equal(elementText('FP16', bits), undefined);
  });

  it('gives booleans as such, and strings escaped', () => {
    assert.equal(elementText('BOOL', 1), 'true');
    assert.equal(elementText('BOOL', 0), 'false');
    assert.equal(elementText('UINT8', 1), '1');
    assert.equal(elementText('BYTES', 'a"\n🌊'), '"a\\"\\n🌊"');
  });
});
