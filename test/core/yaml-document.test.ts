import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readYaml, YamlError } from '#src/core/yaml-document.js';

function assertRefused(text: string, message: RegExp): void {
  assert.throws(
    () => readYaml(text),
    (error: Error) => {
      assert.ok(error instanceof YamlError, `${error.name}: ${error.message}`);
      assert.match(error.message, message);
      return true;
    },
  );
}

/** `levels` open brackets in pieces of `width`, each followed by a line that a careless count takes for the way back. */
function disguised(levels: number, width: number, line: (closers: string) => string): string {
  const piece = `${'['.repeat(width)}\n${line(']'.repeat(width))}`;
  return Array.from({ length: Math.ceil(levels / width) }, () => piece).join('\n');
}

describe('readYaml', () => {
  it('reads what a model.yaml looks like', () => {
    const text = [
      '# comment with ] and [',
      'batching:',
      '  max_batch_size: 8',
      '  axes: {inputs: {state: 1, sr: shared}}',
      'versions: [1, "2"]',
      'note: |',
      '  - [not a list',
      'list:',
      '- a',
      '- b: 1e3',
    ].join('\r\n');
    assert.deepEqual(readYaml(text), {
      batching: { max_batch_size: 8, axes: { inputs: { state: 1, sr: 'shared' } } },
      versions: [1, '2'],
      note: '- [not a list\n',
      list: ['a', { b: 1000 }],
    });
  });

  it('follows version 1.2: words such as yes and dates are text', () => {
    assert.deepEqual(readYaml('{a: yes, b: 2024-01-01, c: 0x10, d: ~, e: True}'), {
      a: 'yes',
      b: '2024-01-01',
      c: 16,
      d: null,
      e: true,
    });
  });

  it('gives an empty mapping for an empty document', () => {
    for (const text of ['', '\n\n', '# nothing\n', '---\n', '\uFEFF']) assert.deepEqual(readYaml(text), {});
  });

  it('says what is wrong and on which line', () => {
    assertRefused('a: 1\nb: [1, 2\nc: 3', /\bline [23]\b/);
    assertRefused('a: 1\nb: 2\na: 3', /^Map keys must be unique at line 3, column 1$/);
    assertRefused('a: 1\n\tb: 2', /\bline 2\b/);
    assertRefused('a: "x', /\bline 1\b/);
  });

  it('says in one line what is wrong', () => {
    assertRefused('a: 1\nb: c: d\n', /^[^\n]+ line 2, column \d+$/);
  });

  it('refuses keys that are no text, and more than one document', () => {
    assertRefused('? [a]\n: b', /keys must be strings/);
    assertRefused('a: 1\n---\nb: 2', /document/);
  });

  it('refuses aliases that lead nowhere or grow without end', () => {
    assertRefused('a: 1\nb: *missing', /missing/);
    const nineTimes = (value: string) => `[${Array.from({ length: 9 }, () => value).join(', ')}]`;
    const lines = Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} ${nineTimes(`*a${index}`)}`);
    assertRefused([`a0: &a0 ${nineTimes('1')}`, ...lines].join('\n'), /alias/i);
  });

  it('makes nothing but plain values of tags and prototype keys', () => {
    const value = readYaml('__proto__: {polluted: true}\na: !!js/function "() => 1"\n') as Record<string, unknown>;
    assert.equal(value['polluted'], undefined);
    assert.equal(value['a'], '() => 1');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('takes 64 levels', () => {
    const text = `${'['.repeat(63)}1${']'.repeat(63)}`;
    assert.equal(JSON.stringify(readYaml(text)), text);
  });

  const bombs: [name: string, text: string][] = [
    ['brackets', '['.repeat(2000)],
    ['closed brackets', '['.repeat(2000) + ']'.repeat(2000)],
    ['braces', '{a: '.repeat(2000)],
    ['brackets on lines of their own', '[\n'.repeat(2000)],
    ['dashes', '- '.repeat(2000)],
    ['dashes and tabs', '-\t'.repeat(2000)],
    ['question marks', '? '.repeat(2000)],
    ['indented mappings', Array.from({ length: 200 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
    ['indented sequences', Array.from({ length: 200 }, (_, level) => `${' '.repeat(level)}-`).join('\n')],
    ['dashes on several lines', [0, 1, 2, 3, 4].map((line) => ' '.repeat(60 * line) + '- '.repeat(30)).join('\n')],
    ['brackets between comments', disguised(200, 50, (closers) => `# ${closers}`)],
    ['brackets between strings', disguised(200, 50, (closers) => `"${closers}",`)],
    ['brackets between strings of several lines', disguised(200, 50, (closers) => `"\n${closers}\n",`)],
  ];
  for (const [name, text] of bombs) {
    it(`refuses deep nesting of ${name} before the parser sees it`, () => {
      assertRefused(text, /^the file nests deeper than 64 levels$/);
    });
  }

  it('refuses a file that is too large or has too many lines', () => {
    assertRefused(`a: ${'x'.repeat(64 * 1024)}`, /larger than 65536 bytes/);
    assertRefused(`# ${'é'.repeat(40 * 1024)}`, /larger than 65536 bytes/);
    assertRefused('a:\n'.repeat(5001), /more than 5000 lines/);
  });

  it('reads a thousand keys, in either style', () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `k${index}`);
    const lines = readYaml(keys.map((key) => `${key}: 1`).join('\n'));
    const flow = readYaml(`{${keys.map((key) => `${key}: 1`).join(', ')}}`);
    assert.deepEqual(Object.keys(lines as object), keys);
    assert.deepEqual(lines, flow);
  });
});
