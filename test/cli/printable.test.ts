import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cut, duration, jsonLine, printable, shortJson } from '#src/cli/printable.js';
import { propertyRuns } from '../support/property-runs.js';

const anyText = fc.string({ unit: 'binary' });

describe('printable', () => {
  it('shows control characters and turns of direction as escapes', () => {
    assert.equal(printable('a\u001b[31mb\n\t\r\u009b2J\u007f'), String.raw`a\u001b[31mb\n\t\r\u009b2J\u007f`);
    assert.equal(printable('x\u202egnp.exe'), String.raw`x\u202egnp.exe`);
  });

  it('leaves letters of all scripts and pictures as they are', () => {
    const text = 'Ärger, 日本語, עברית, 👩‍🔬';
    assert.equal(printable(text), text);
  });

  it('lets no control character through, and changes nothing twice', () => {
    fc.assert(
      fc.property(
        anyText,
        (text) => !/\p{Cc}/u.test(printable(text)) && printable(printable(text)) === printable(text),
      ),
      propertyRuns(1_000),
    );
  });
});

describe('jsonLine', () => {
  it('is one line without control characters that means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        const line = jsonLine(json);
        assert.doesNotMatch(line, /\p{Cc}/u);
        assert.deepEqual(JSON.parse(line), JSON.parse(json));
      }),
      propertyRuns(1_000),
    );
  });
});

describe('shortJson', () => {
  it('rounds fractions to four digits, and neither whole numbers nor strings', () => {
    const json = '{"a":[0.9982637763023376,-1.5e-7,123456.789,9007199254740993,12],"b":"1.23456789,x"}';
    assert.equal(shortJson(json, 200), '{"a": [0.9983, -1.5e-7, 123500, 9007199254740993, 12], "b": "1.23456789,x"}');
  });

  it('is never longer than asked for', () => {
    const numbers = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => Math.sin(index)));
    assert.equal(shortJson(numbers, 20), '[0, 0.8415, 0.9093,…');
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), fc.integer({ min: 1, max: 60 }), (json, width) => {
        return shortJson(json, width).length <= width;
      }),
      propertyRuns(500),
    );
  });
});

describe('cut', () => {
  it('cuts no character in half', () => {
    assert.equal(cut('ab', 2), 'ab');
    assert.equal(cut('abc', 2), 'a…');
    assert.equal(cut('a😀bc', 3), 'a…');
    assert.equal(cut('a😀bc', 4), 'a😀…');
  });
});

describe('duration', () => {
  it('is in the unit that people would choose', () => {
    assert.deepEqual([0.4567, 18.5812, 999.9, 1_000, 30_000, 90_123].map(duration), [
      '0.4567 ms',
      '18.58 ms',
      '999.9 ms',
      '1 s',
      '30 s',
      '90.1 s',
    ]);
  });
});
