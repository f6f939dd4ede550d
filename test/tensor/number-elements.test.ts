import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allocate, type Datatype, datatypes, type TensorData } from '#src/tensor/datatype.js';
import { writeElements } from '#src/tensor/json-elements.js';
import { elementsOf } from '#src/tensor/number-elements.js';
import { propertyRuns } from '../support/property-runs.js';

/** The same by `writeElements`; undefined where it refuses a number. */
function written(datatype: Datatype, numbers: readonly number[]): TensorData | undefined {
  const data = allocate(datatype, numbers.length);
  try {
    writeElements(numbers, { datatype, data, at: 0, pathOf: String });
  } catch {
    return undefined;
  }
  return data;
}

/** Numbers at and around the ends of every range, and any others. */
const edge = fc
  .record({
    power: fc.constantFrom(0, 7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 128),
    off: fc.integer({ min: -2, max: 2 }),
  })
  .map(({ power, off }) => 2 ** power + off);
const halfway = fc.constantFrom(65_504, 65_519.99, 65_520, 65_535, 3.4028235677973366e38, 3.4028235677973362e38, 1e300);
const number = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  edge,
  halfway,
  fc.double({ noNaN: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(0.5, 0.1, Number.POSITIVE_INFINITY),
);
const signed = fc.tuple(number, fc.boolean()).map(([value, isNegative]) => (isNegative ? -value : value));

describe('elementsOf', () => {
  for (const datatype of Object.keys(datatypes) as Datatype[]) {
    it(`gives the ${datatype} elements that writeElements writes, or none where it refuses`, () => {
      const numbers = fc.oneof(
        fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1 }),
        fc.array(signed, { minLength: 1, maxLength: 3 }),
      );
      fc.assert(
        fc.property(numbers, (values) => {
          // In the middle of other memory, as it is when several arrays were read.
          const view = Float64Array.of(9, ...values, 9).subarray(1, values.length + 1);
          const elements = elementsOf(datatype, view);
          assert.deepStrictEqual(elements, written(datatype, values));
          if (elements !== undefined && !Array.isArray(elements)) assert.notEqual(elements.buffer, view.buffer);
        }),
        propertyRuns(1_000),
      );
    });
  }
});
