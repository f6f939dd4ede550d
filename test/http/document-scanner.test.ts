import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { MillraceError } from '#src/core/errors.js';
import { parseJson } from '#src/core/json-document.js';
import { MAX_CONTAINERS } from '#src/core/nesting.js';
import { plainItem, scanDocument } from '#src/http/document-scanner.js';
import { JsonNumbers } from '#src/tensor/json-numbers.js';
import { damagedText, documentText } from '../support/document-texts.js';
import { propertyRuns } from '../support/property-runs.js';

/** Bodies below this are not scanned; space behind a document is as good as any byte. */
const SCANNED_BYTES = 512;
const bodyOf = (text: string) => Buffer.from(text.padEnd(SCANNED_BYTES));

/** A scanned document with arrays for what is JsonNumbers. */
function plain(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const copy: Record<string, unknown> = { ...document };
  if (Object.hasOwn(copy, 'input')) copy['input'] = plainItem(copy['input']);
  if (Array.isArray(copy['inputs'])) copy['inputs'] = copy['inputs'].map(plainItem);
  return copy;
}

/** Whether a document has JsonNumbers in it. */
function isScanned(document: unknown): boolean {
  if (document instanceof JsonNumbers) return true;
  return typeof document === 'object' && document !== null && Object.values(document).some(isScanned);
}

function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    assert.ok(error instanceof MillraceError);
    return { code: error.code, message: error.message, details: error.details };
  }
}

/** Says that a body means the same when it is scanned, to the sign of zero and the order of keys. */
function assertSame(body: Buffer): void {
  if (!isReadAlike(body.toString())) return;
  const scanned = outcomeOf(() => plain(scanDocument(body)));
  const parsed = outcomeOf(() => parseJson(body));
  assert.deepStrictEqual(scanned, parsed, body.toString());
  assert.equal(JSON.stringify(scanned), JSON.stringify(parsed));
}

/**
 * Whether JSON.parse itself gives the same with a reviver that changes nothing. That of Node.js 24.21 takes, without one, an
 * escaped key for another in rare documents.
 */
function isReadAlike(text: string): boolean {
  const read = (reviver?: (key: string, value: unknown) => unknown) => {
    try {
      return JSON.parse(text, reviver) as unknown;
    } catch {
      return undefined;
    }
  };
  return isDeepStrictEqual(
    read(),
    read((_key, value) => value),
  );
}

const numbers = Array.from({ length: 60 }, (_, index) => index / 8 - 3);
const matrix = [numbers, numbers.map((value) => value * 3)];
const asNumbers = (value: number[] | number[][]) => {
  const flat = value.flat();
  return new JsonNumbers(
    Array.isArray(value[0]) ? [value.length, flat.length / value.length] : [flat.length],
    Float64Array.from(flat),
  );
};

describe('scanDocument', () => {
  it('gives what parseJson gives, for documents of every kind', () => {
    let scanned = 0;
    let runs = 0;
    fc.assert(
      fc.property(documentText, (text) => {
        const body = bodyOf(text);
        assertSame(body);
        runs += 1;
        if (isScanned(outcomeOf(() => scanDocument(body)))) scanned += 1;
      }),
      propertyRuns(5_000),
    );
    assert.ok(scanned > runs / 3, `only ${scanned} of ${runs} documents were scanned`);
  });

  it('gives what parseJson gives, or fails as it fails, for documents with a character changed', () => {
    fc.assert(
      fc.property(damagedText, (text) => assertSame(bodyOf(text))),
      propertyRuns(5_000),
    );
    fc.assert(
      fc.property(damagedText, (text) => assertSame(Buffer.from(text))),
      propertyRuns(1_000),
    );
  });

  const scanned: [what: string, document: object, expected: object][] = [
    ['input', { model: 'm', input: numbers }, { model: 'm', input: asNumbers(numbers) }],
    ['input, nested', { input: matrix, model: 'm' }, { input: asNumbers(matrix), model: 'm' }],
    ['a member of input', { input: { x: matrix, s: 'a', n: 1 } }, { input: { x: asNumbers(matrix), s: 'a', n: 1 } }],
    ['the elements of inputs', { inputs: [numbers, matrix, [1]] }, { inputs: [numbers, matrix, [1]].map(asNumbers) }],
    [
      'the members of the elements of inputs',
      { inputs: [{ x: numbers }, { y: 'a', x: matrix }, {}] },
      { inputs: [{ x: asNumbers(numbers) }, { y: 'a', x: asNumbers(matrix) }, {}] },
    ],
    [
      'members called like what every object has',
      JSON.parse(`{"input":{"__proto__":${JSON.stringify(numbers)},"constructor":${JSON.stringify(matrix)}}}`),
      {
        input: Object.fromEntries([
          ['__proto__', asNumbers(numbers)],
          ['constructor', asNumbers(matrix)],
        ]),
      },
    ],
  ];
  for (const [what, document, expected] of scanned) {
    it(`reads the numbers of ${what}`, () => {
      for (const indent of [undefined, 1]) {
        const body = bodyOf(JSON.stringify(document, undefined, indent));
        assert.deepStrictEqual(scanDocument(body), expected);
        assertSame(body);
      }
    });
  }

  it('leaves short arrays as they are, in members and in short bodies', () => {
    const document = { input: { x: numbers, shape: [1, 60] } };
    assert.deepStrictEqual(scanDocument(bodyOf(JSON.stringify(document))), {
      input: { x: asNumbers(numbers), shape: [1, 60] },
    });
    const short = Buffer.from(JSON.stringify({ input: numbers }));
    assert.ok(short.length < SCANNED_BYTES);
    assert.deepStrictEqual(scanDocument(short), { input: numbers });
  });

  it('reads only the members that hold tensors, where it is told which', () => {
    const document = { inputs: [{ name: 'x', shape: numbers, data: numbers }], input: { parameters: numbers } };
    assert.deepStrictEqual(scanDocument(bodyOf(JSON.stringify(document)), 'data'), {
      inputs: [{ name: 'x', shape: numbers, data: asNumbers(numbers) }],
      input: { parameters: numbers },
    });
  });

  it('finds the numbers of a late item, though not behind many that have none', () => {
    const items = (count: number) => [...Array.from({ length: count }, () => ({ x: 'text' })), { x: numbers }];
    assert.equal(isScanned(scanDocument(bodyOf(JSON.stringify({ inputs: items(15) })))), true);
    assert.equal(isScanned(scanDocument(bodyOf(JSON.stringify({ inputs: items(100) })))), false);
  });

  const long = JSON.stringify(numbers);
  const same: Record<string, string> = {
    'a key twice, the numbers first': `{"input":${long},"input":1}`,
    'a key twice, the numbers last': `{"input":1,"input":${long}}`,
    'a key twice, both numbers': `{"input":${long},"input":[]}`,
    'the same key with an escape': `{"input":${long},"inp\\u0075t":[]}`,
    'a member twice': `{"input":{"x":${long},"x":[]}}`,
    'a member twice, once with an escape': `{"input":{"\\u0078":[],"x":${long}}}`,
    'a member with an escape': `{"input":{"\\u0078":${long}}}`,
    'a member twice in a list': `{"inputs":[{"x":${long}},{"x":${long},"x":"a"}]}`,
    'input twice, as an object and not': `{"input":{"x":${long}},"input":null}`,
    'inputs twice': `{"inputs":[{"x":${long}},{}],"inputs":[1]}`,
    'an array that is not closed': `{"input":[${long}}`,
    'numbers without a comma': `{"input":${long} ${long}}`,
    'a list that ends with a comma': `{"inputs":[${long},]}`,
    'a list without a comma': `{"inputs":[${long} ${long}]}`,
    'items without a comma': `{"inputs":[{"x":${long}} {"x":${long}}]}`,
    'members without a comma': `{"input":{"x":${long} "y":${long}}}`,
    'a number before an array': `{"input":1${long}}`,
    'a bracket too many': `{"input":${long}]}`,
    'a brace too many': `{"input":${long}}}`,
    'two documents': `{"input":${long}}{"input":${long}}`,
    'brackets that do not match': `{"parameters":[{],"input":${long}}}`,
    'numbers in a string': `{"model":"\\"input\\":[","input":${long},"id":"]"}`,
    'a NUL behind the document': `{"input":${long}}\0`,
    'a byte order mark': `\ufeff{"input":${long}}`,
    'a leading zero': `{"input":[${numbers.join(',')},01]}`,
    'a ragged array': `{"input":[${long},[1]]}`,
    'null among numbers': `{"input":[${numbers.join(',')},null]}`,
    'numbers on the top': long,
    'numbers on the top, and a brace': `${long}}`,
    'items of all kinds': `{"inputs":[${long},{"x":${long}},1]}`,
  };
  for (const [what, text] of Object.entries(same)) {
    it(`takes ${what} as parseJson does`, () => assertSame(bodyOf(text)));
  }

  it('keeps to the limits on nesting', () => {
    for (const depth of [31, 32, 33, 59, 60, 61, 62, 63, 64, 65]) {
      const nested = `${'['.repeat(depth)}${numbers.join(',')}${']'.repeat(depth)}`;
      for (const text of [
        `{"input":${nested}}`,
        `{"input":{"x":${nested},"y":${long}}}`,
        `{"inputs":[{"x":${nested}}]}`,
      ]) {
        assertSame(bodyOf(text));
      }
      for (const other of [
        nested,
        nested.replaceAll('1', '"1"'),
        nested.replaceAll('[', '[{"a":[').replaceAll(']', ']}]'),
      ]) {
        assertSame(bodyOf(`{"input":{"x":${long},"y":${other}},"parameters":${other}}`));
      }
    }
  });

  it('keeps to the limit on arrays and objects, wherever they are', () => {
    const many: ((count: number) => string)[] = [
      // Each with as many arrays and objects as it is told.
      (count) => `{"input":[${'[1],'.repeat(count - 3)}[1]]}`,
      (count) => `{"inputs":[${'[1],'.repeat(count - 3)}[1]]}`,
      (count) => `{"inputs":[{"x":${long}},${'{},'.repeat(count - 5)}{}]}`,
      (count) => `{"parameters":[${'[],'.repeat(count - 4)}[]],"input":${long}}`,
    ];
    for (const text of many) {
      assertSame(bodyOf(text(MAX_CONTAINERS)));
      assert.doesNotThrow(() => scanDocument(bodyOf(text(MAX_CONTAINERS))));
      assertSame(bodyOf(text(MAX_CONTAINERS + 1)));
      assert.throws(() => scanDocument(bodyOf(text(MAX_CONTAINERS + 1))), { code: 'INVALID_JSON' });
    }
  });

  it('refuses what is not UTF-8', () => {
    const body = bodyOf(`{"model":"\u00e9","input":${long}}`);
    assertSame(body);
    body[body.indexOf(0xc3)] = 0x20;
    assertSame(body);
    assert.throws(() => scanDocument(body), { code: 'INVALID_JSON', message: /UTF-8/ });
  });

  it('gives each document numbers of its own', () => {
    const texts = [matrix, numbers].map((input) => bodyOf(JSON.stringify({ input })));
    const documents = texts.map((body) => scanDocument(body));
    assert.deepStrictEqual(documents, [{ input: asNumbers(matrix) }, { input: asNumbers(numbers) }]);
  });
});
