import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { floatText } from '#src/tensor/float-text.js';
import { propertyRuns } from '../support/property-runs.js';

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

function fromBits(pattern: number): number {
  bits[0] = pattern;
  return float[0] as number;
}

/** Every pattern that stands for a finite number; subnormals, small ones and powers of two more often than by chance. */
const anyFloat = fc
  .oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x7f_ffff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x1ff }).map((exponent) => exponent * 2 ** 23) },
    { weight: 2, arbitrary: fc.integer({ min: 0x3000_0000, max: 0x4e00_0000 }) },
  )
  .map(fromBits)
  .filter(Number.isFinite);

/** How many digits a number's text has that say something. */
function digitsOf(text: string): number {
  const digits = text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return Math.max(1, digits.length);
}

/** The decimals of so many digits on both sides of a number. */
function neighbours(value: number, digits: number): number[] {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  const whole = Number(mantissa.replace('.', ''));
  return [whole - 1, whole, whole + 1].map((each) => Number(`${each}e${Number(exponent) - digits + 1}`));
}

const readsBack = (decimal: number, value: number) => Math.fround(decimal) === value;

describe('floatText', () => {
  it('reads back as the same float32, and is written as JavaScript writes numbers', () => {
    fc.assert(
      fc.property(anyFloat, (value) => {
        const text = floatText(value);
        assert.ok(Object.is(Math.fround(JSON.parse(text) as number), value), text);
        assert.equal(text, Object.is(value, -0) ? '-0.0' : String(Number(text)));
      }),
      propertyRuns(20_000),
    );
  });

  it('has no digit too many: nothing with fewer reads back, nor anything nearer with as many', () => {
    fc.assert(
      fc.property(anyFloat, (value) => {
        const text = floatText(value);
        const digits = digitsOf(text);
        if (digits > 1) assert.ok(!neighbours(value, digits - 1).some((each) => readsBack(each, value)), text);
        const distance = Math.abs(Number(text) - value);
        const nearer = neighbours(value, digits).filter((each) => Math.abs(each - value) < distance);
        assert.ok(!nearer.some((each) => readsBack(each, value)), text);
      }),
      propertyRuns(20_000),
    );
  });

  const examples: [value: number, text: string][] = [
    [0, '0'],
    [-0, '-0.0'],
    [1, '1'],
    [-7, '-7'],
    [0.1, '0.1'],
    [0.998263776, '0.9982638'],
    [123.456, '123.456'],
    [-0.5, '-0.5'],
    [1e-6, '0.000001'],
    [1.5e-6, '0.0000015'],
    [1e-7, '1e-7'],
    [-1.25e-9, '-1.25e-9'],
    [1e-45, '1e-45'],
    [1.1754943508222875e-38, '1.1754944e-38'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [16_777_215, '16777215'],
    [16_777_216, '16777216'],
    [16_777_218, '16777218'],
    [4_194_304.5, '4194304.5'],
    [8_388_607.5, '8388607.5'],
    [10_000_000, '10000000'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    // Of two floats' worth of room above, one below: the nearest decimal of seven digits lies outside.
    [2 ** -96, '1.2621775e-29'],
    [2 ** 87, '1.5474251e+26'],
    // As near to one billionth as a float can be from below, and to ten.
    [fromBits(0x3089_705e), '9.999999e-10'],
    [fromBits(0x411f_ffff), '9.999999'],
  ];
  for (const [value, text] of examples) {
    it(`writes ${text}`, () => assert.equal(floatText(Math.fround(value)), text));
  }
});
