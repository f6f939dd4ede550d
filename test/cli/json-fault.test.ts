import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonFault, lineAndColumn } from '#src/cli/json-fault.js';
import { propertyRuns } from '../support/property-runs.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Texts that are JSON, nearly JSON, or made of its pieces. */
const nearlyJson = fc.oneof(
  fc.json(),
  fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', ':', '[', '}', '\\', '0', '\u0001', '\n', 'x'))
    .map(([json, at, piece]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + piece + json.slice(place + 1);
    }),
  fc
    .array(
      fc.constantFrom('[', ']', '{', '}', ':', ',', '"a"', '"', '-1', '0', '1.5e3', '.', 'true', 'nul', ' ', '\\u00e9'),
    )
    .map((pieces) => pieces.join('')),
);

describe('jsonFault', () => {
  it('finds a fault in what JSON.parse refuses, and in nothing else', () => {
    fc.assert(
      fc.property(nearlyJson, (text) => (jsonFault(text) === undefined) === isJson(text)),
      propertyRuns(2_000),
    );
  });

  it('finds the same fault whatever follows it', () => {
    fc.assert(
      fc.property(nearlyJson, fc.constantFrom('', ' ', ']', '"x"', '1'), (text, more) => {
        const fault = jsonFault(text);
        fc.pre(fault !== undefined && fault.at < text.length - 1);
        return jsonFault(text + more)?.at === fault?.at;
      }),
      propertyRuns(1_000),
    );
  });

  const faults: [json: string, at: number, expected: string][] = [
    ['', 0, 'a value'],
    ['  \n', 3, 'a value'],
    ['[1,2,', 5, 'a value'],
    ['[1 2]', 3, 'a comma or ]'],
    ['[,]', 1, 'a value or ]'],
    ['[1,]', 3, 'a value'],
    ['{"a":1,}', 7, 'a name in quotes'],
    ['{a:1}', 1, 'a name in quotes or }'],
    ['{"a" 1}', 5, 'a colon'],
    ['{"a":1]', 6, 'a comma or }'],
    ['{} x', 3, 'the end'],
    ['01', 1, 'the end'],
    ['nul', 0, 'a value'],
    ["['a']", 1, 'a value or ]'],
    ['["ab', 4, 'the quote that ends the string'],
    ['["a\tb"]', 3, 'a character that a string may hold'],
    [String.raw`["a\x"]`, 3, 'a character that a string may hold'],
    ['[1 "a', 3, 'a comma or ]'],
  ];
  for (const [json, at, expected] of faults) {
    it(`says what is wrong with ${JSON.stringify(json)}`, () => {
      assert.deepEqual(jsonFault(json), { at, expected });
    });
  }

  it('takes deep and long texts', () => {
    const depth = 100_000;
    assert.deepEqual(jsonFault('['.repeat(depth)), { at: depth, expected: 'a value or ]' });
    const long = 'x'.repeat(5_000_000);
    assert.equal(jsonFault(`"${long}"`), undefined);
    assert.equal(jsonFault(`"${long}`)?.at, long.length + 1);
  });
});

describe('lineAndColumn', () => {
  it('counts both from 1', () => {
    assert.equal(lineAndColumn('abc', 0), 'line 1, column 1');
    assert.equal(lineAndColumn('a\nbc\r\nd', 3), 'line 2, column 2');
    assert.equal(lineAndColumn('a\nbc\r\nd', 7), 'line 3, column 2');
  });
});
