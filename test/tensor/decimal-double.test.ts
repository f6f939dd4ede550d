import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nearestDouble } from '#src/tensor/decimal-double.js';
import { propertyRuns } from '../support/property-runs.js';

describe('nearestDouble', () => {
  const parts = fc.record({
    head: fc.maxSafeNat(),
    tailText: fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), maxLength: 15 }),
    exponent: fc.integer({ min: -80, max: 60 }),
  });

  it('gives the double that Number reads, or none', () => {
    let told = 0;
    let runs = 0;
    fc.assert(
      fc.property(parts, ({ head, tailText, exponent }) => {
        const decimal = { head, tail: Number(tailText), tailDigits: tailText.length, exponent };
        const value = nearestDouble(decimal);
        runs += 1;
        if (Number.isNaN(value)) return;
        told += 1;
        assert.equal(value, Number(`${head}${tailText}e${exponent}`), `${head} ${tailText} e${exponent}`);
      }),
      propertyRuns(10_000),
    );
    assert.ok(told > runs / 2, `${told} of ${runs}`);
  });

  it('tells every float32 by its 17 digits, as many programs print it', () => {
    const float = fc.float({ noNaN: true, min: Math.fround(1e-9), max: Math.fround(1e30) });
    fc.assert(
      fc.property(float, (value) => {
        const [digits = '', exponent = ''] = value.toExponential(16).replace('.', '').split('e');
        const decimal = { head: Number(digits.slice(0, 15)), tail: Number(digits.slice(15)), tailDigits: 2 };
        assert.equal(nearestDouble({ ...decimal, exponent: Number(exponent) - 16 }), value);
      }),
      propertyRuns(5_000),
    );
  });

  it('does not tell what lies halfway between two doubles', () => {
    const halfway = { head: 900719925474099, tail: 3, tailDigits: 1, exponent: 0 };
    assert.equal(nearestDouble(halfway), Number.NaN);
    assert.equal(nearestDouble({ ...halfway, tail: 300_001, tailDigits: 6, exponent: -5 }), 9007199254740994);
    assert.equal(nearestDouble({ ...halfway, tail: 299_999, tailDigits: 6, exponent: -5 }), 9007199254740992);
  });

  it('gives none for exponents that it has no power of ten for', () => {
    const one = { head: 1, tail: 0, tailDigits: 0 };
    for (const exponent of [-61, 41, 400, -400, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.equal(nearestDouble({ ...one, exponent }), Number.NaN, String(exponent));
    }
    assert.deepEqual(
      [-60, 40].map((exponent) => nearestDouble({ ...one, exponent })),
      [1e-60, 1e40],
    );
    assert.equal(nearestDouble({ ...one, tailDigits: 15, exponent: 30 }), Number.NaN);
  });
});
