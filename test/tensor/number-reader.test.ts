import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NumberReader } from '#src/tensor/number-reader.js';
import { arrayText, numberText, otherText } from '../support/number-texts.js';
import { propertyRuns } from '../support/property-runs.js';

interface Read {
  readonly shape: readonly number[];
  readonly numbers: readonly number[];
}

/** What a reader makes of a text that is one array; undefined if it takes it for none, or reads on elsewhere. */
function readArray(text: string): Read | undefined {
  const bytes = Buffer.from(`${text}}`);
  const reader = new NumberReader(bytes);
  const rank = reader.rankAt(0);
  const array = rank === 0 ? undefined : reader.read(0, rank);
  const numbers = Array.from(reader.take());
  reader.close();
  return array?.end === bytes.length - 1 ? { shape: array.shape, numbers } : undefined;
}

/** The same by JSON.parse; undefined for all but dense arrays of numbers. */
function parseArray(text: string): Read | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const shape: number[] = [];
  for (let first = value; Array.isArray(first); first = first[0]) shape.push(first.length);
  const numbers = (value as unknown[]).flat(shape.length);
  const isDense = (part: unknown, axis: number): boolean => {
    if (axis === shape.length) return typeof part === 'number';
    return Array.isArray(part) && part.length === shape[axis] && part.every((each) => isDense(each, axis + 1));
  };
  return isDense(value, 0) && numbers.length > 0 ? { shape, numbers: numbers as number[] } : undefined;
}

/** Equality of bits: -0 is not 0. */
function assertSame(text: string): void {
  assert.deepStrictEqual(readArray(text), parseArray(text), text);
}

describe('NumberReader', () => {
  it('reads every text of a number as the double that JSON.parse reads', () => {
    fc.assert(
      fc.property(arrayText(numberText, { minLength: 1, maxLength: 8 }), (text) => {
        assert.ok(readArray(text) !== undefined, text);
        assertSame(text);
      }),
      propertyRuns(5_000),
    );
  });

  it('takes no array for one of numbers that JSON.parse does not', () => {
    const mostly = fc.oneof({ weight: 3, arbitrary: numberText }, { weight: 1, arbitrary: otherText });
    fc.assert(fc.property(arrayText(mostly, { maxLength: 6 }), assertSame), propertyRuns(5_000));
  });

  const examples = [
    ['-0', '0', '0.0', '-0.0', '0e5', '-0E-5', '0.000', '1E400', '-1e400', '1e-400', '5e-324', '2.5e-324'],
    ['9007199254740993', '9007199254740992.5', '123456789012345678901234567890', `1${'0'.repeat(400)}`],
    ['0.1', '0.10000000149011612', '1.7976931348623157e308', '1.7976931348623159e308', '2.2250738585072011e-308'],
    ['0.000000000000000000000000000001', `0.${'0'.repeat(330)}1`, `0.${'9'.repeat(400)}`, `${'9'.repeat(400)}.5`],
    ['123456789012345', '1234567890123456', '12345678901234567', '0.123456789012345', '0.1234567890123456'],
    ['1e22', '1e23', '-1e-22', '8.5e-60', '1e40', '1e41', '1e99999999999999999999', '1e-99999999999999999999'],
  ];
  for (const numbers of examples) {
    it(`reads ${numbers.join(', ').slice(0, 60)}`, () => {
      for (const text of numbers) assertSame(`[${text}]`);
      assertSame(`[${numbers.join(',')}]`);
    });
  }

  it('reads dense arrays of any shape, and only those', () => {
    const nested = fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
      .chain((shape) =>
        shape.reduceRight<fc.Arbitrary<string>>(
          (inner, size) => arrayText(inner, { minLength: size, maxLength: size }),
          fc.oneof({ maxDepth: 0 }, fc.integer().map(String), fc.constant('-1.25e1')),
        ),
      );
    fc.assert(
      fc.property(nested, (text) => {
        assert.ok(readArray(text) !== undefined, text);
        assertSame(text);
      }),
      propertyRuns(500),
    );
    // As good as none of these is dense.
    const ragged = fc.letrec((tie) => ({
      array: arrayText(
        fc.oneof({ depthSize: 'small' }, fc.integer().map(String), tie('array') as fc.Arbitrary<string>),
        {
          maxLength: 3,
        },
      ),
    })).array;
    fc.assert(fc.property(ragged, assertSame), propertyRuns(2_000));
  });

  for (const text of [
    '[]',
    '[[]]',
    '[[1],[]]',
    '[[1],[2,3]]',
    '[[1],2]',
    '[1,[2]]',
    '[[[1]],[2]]',
    '[1,]',
    '[,1]',
    '[1}',
  ]) {
    it(`does not take ${text}`, () => assert.equal(readArray(text), undefined));
  }

  it('tells the rank where numbers begin, and 0 elsewhere', () => {
    const rankOf = (text: string) => new NumberReader(Buffer.from(text)).rankAt(0);
    assert.deepEqual(['[1]}', '[ [\n-1]]}', '[[[0', '['.repeat(32) + 1].map(rankOf), [1, 2, 3, 32]);
    assert.deepEqual(
      ['1}', '[]}', '["1"]}', '[null]}', '[[}', '{}', '['.repeat(33) + 1].map(rankOf),
      [0, 0, 0, 0, 0, 0, 0],
    );
  });

  it('reads one array behind the other, and counts them with those inside', () => {
    const reader = new NumberReader(Buffer.from('[1,2],[[3],[4]]}'));
    assert.deepEqual(reader.read(0, 1), { end: 5, shape: [2], first: 0, last: 2 });
    assert.deepEqual(reader.read(6, 2), { end: 15, shape: [2, 1], first: 2, last: 4 });
    assert.deepEqual(reader.take(), Float64Array.of(1, 2, 3, 4));
    assert.equal(reader.containers, 4);
  });

  it('keeps what it handed over apart from what is read later, also by a reader of the same time', () => {
    const readers = ['[1,2]}', '[3,4]}'].map((text) => new NumberReader(Buffer.from(text)));
    for (const reader of readers) reader.read(0, 1);
    const taken = readers.map((reader) => reader.take());
    for (const reader of readers) reader.close();
    assert.deepEqual(readArray('[5,6]'), { shape: [2], numbers: [5, 6] });
    assert.deepEqual(taken, [Float64Array.of(1, 2), Float64Array.of(3, 4)]);
  });

  it('reads more numbers than it has room for at first', () => {
    const numbers = Array.from({ length: 200_000 }, (_, index) => index / 8);
    assert.deepEqual(readArray(JSON.stringify(numbers)), { shape: [200_000], numbers });
    assert.deepEqual(readArray('[1]'), { shape: [1], numbers: [1] });
  });

  it('reads a text that stands in the middle of other memory', () => {
    const bytes = Buffer.from('9]9,9[0.123]}9.9]9').subarray(5, 13);
    const reader = new NumberReader(bytes);
    assert.deepEqual(reader.read(0, 1), { end: 7, shape: [1], first: 0, last: 1 });
    assert.deepEqual(reader.take(), Float64Array.of(0.123));
  });
});
