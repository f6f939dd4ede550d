import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseExactly } from '#src/core/exact-json.js';
import { propertyRuns } from '../support/property-runs.js';

describe('parseExactly', () => {
  it('gives what JSON.parse gives where doubles hold all integers', () => {
    const spaced = fc.constantFrom(undefined, 1, '\t', '\n\r ');
    fc.assert(
      fc.property(fc.json(), spaced, (json, space) => {
        const text = JSON.stringify(JSON.parse(json), undefined, space);
        const expected = JSON.parse(text) as unknown;
        // JSON.stringify writes integers up to 1e21 by their digits.
        fc.pre(!/\d{16}/.test(text));
        assert.deepEqual(parseExactly(text), expected);
      }),
      propertyRuns(500),
    );
  });

  it('gives integers beyond 2^53 by all their digits, wherever they stand', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (whole) => {
        const isSafe = Number.isSafeInteger(Number(whole));
        const expected = isSafe ? Number(whole) : whole;
        assert.deepEqual(parseExactly(` [${whole} , {"a":[${whole}]}]`), [expected, { a: [expected] }]);
      }),
      propertyRuns(500),
    );
    assert.deepEqual(parseExactly('[9007199254740993,-9007199254740993,9007199254740992]'), [
      9007199254740993n,
      -9007199254740993n,
      9007199254740992n,
    ]);
  });

  it('leaves fractions, exponents and what stands in strings as JSON.parse has them', () => {
    const text = '{"a":9007199254740993.5,"b":1e300,"c":"9007199254740993","d\\"]":"\\\\","e":[],"f":{}}';
    assert.deepEqual(parseExactly(text), JSON.parse(text));
  });

  it('takes the last of two members with one key, and no key for a prototype', () => {
    const value = parseExactly('{"a":1,"a":2,"__proto__":{"b":1}}') as Record<string, unknown>;
    assert.equal(value['a'], 2);
    assert.equal(value['b'], undefined);
    assert.ok(Object.hasOwn(value, '__proto__'));
  });
});
