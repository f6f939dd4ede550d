import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { halfToNumber, halvesToNumbers, numbersToHalves, numberToHalf } from '#src/tensor/half-float.js';

/** Known values of IEEE 754 binary16: bit pattern and number. */
const known: [bits: number, value: number][] = [
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x2e66, 0.0999755859375],
  [0x4248, 3.140625],
  [0x0001, 2 ** -24],
  [0x8001, -(2 ** -24)],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x7bff, 65504],
  [0xfbff, -65504],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
];

/** Numbers between two half floats, and the one that they become: the nearest, the even one at equal distance. */
const rounded: [name: string, value: number, bits: number][] = [
  ['0.1 to the nearest', 0.1, 0x2e66],
  ['1/3 to the nearest', 1 / 3, 0x3555],
  ['a tie down to the even one', 2049, 0x6800],
  ['a tie up to the even one', 2051, 0x6802],
  ['a little more than a tie up', 2049.001, 0x6801],
  ['half of the smallest to zero', 2 ** -25, 0x0000],
  ['a little more than half of the smallest up', 2 ** -25 * 1.001, 0x0001],
  ['the largest subnormal to the smallest normal at a tie', 1023.5 * 2 ** -24, 0x0400],
  ['what is just below the limit to the largest', 65519.99, 0x7bff],
  ['what is halfway beyond the largest to Infinity', 65520, 0x7c00],
  ['what no half float holds to Infinity', -1e300, 0xfc00],
  ['a tie once, not over a float32 first', 1 + 2 ** -11 + 2 ** -40, 0x3c01],
];

describe('half floats', () => {
  for (const [bits, value] of known) {
    it(`stand for ${Object.is(value, -0) ? '-0' : value} as 0x${bits.toString(16).padStart(4, '0')}`, () => {
      assert.ok(Object.is(halfToNumber(bits), value), String(halfToNumber(bits)));
      assert.equal(numberToHalf(value), bits);
    });
  }

  for (const [name, value, bits] of rounded) {
    it(`round ${name}`, () => assert.equal(numberToHalf(value).toString(16), bits.toString(16)));
  }

  it('keep NaN', () => {
    assert.ok(Number.isNaN(halfToNumber(0x7e00)));
    assert.ok(Number.isNaN(halfToNumber(0xfc01)));
    const bits = numberToHalf(Number.NaN);
    assert.ok((bits & 0x7c00) === 0x7c00 && (bits & 0x03ff) !== 0, bits.toString(16));
  });

  it('come back bit by bit, all of them that are numbers', () => {
    const changed = Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter((bits) => {
      const value = halfToNumber(bits);
      return !Number.isNaN(value) && numberToHalf(value) !== bits;
    });
    assert.deepEqual(changed, []);
  });

  it('become the same numbers all at once as one by one', () => {
    const halves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    const numbers = halvesToNumbers(halves);
    const different = [...halves].filter((bits) => !Object.is(numbers[bits], halfToNumber(bits)));
    assert.deepEqual(different, []);
  });

  it('come and go many at a time', () => {
    const halves = Uint16Array.from(known, ([bits]) => bits);
    const numbers = known.map(([, value]) => value);
    assert.deepStrictEqual(halvesToNumbers(halves), Float32Array.from(numbers));
    assert.deepStrictEqual(numbersToHalves(Float64Array.from(numbers)), halves);
    assert.deepStrictEqual(
      numbersToHalves(Float64Array.of(2051, 1 + 2 ** -11 + 2 ** -40)),
      Uint16Array.of(0x6802, 0x3c01),
    );
  });
});
