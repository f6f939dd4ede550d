import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outputsText, outputText } from '#src/cli/output-table.js';

const label = (name: string, score: number, more: object = {}) => ({ label: name, score, ...more });

describe('outputText', () => {
  it('shows labels as rows, with what else is known of them', () => {
    const labels = [label('∑', 0.98765, { code: 8721 }), label('E\u001b[2J', 0.01, { names: ['e', 'ee'] })];
    assert.equal(
      outputText(JSON.stringify(labels)),
      [
        String.raw`label        score  code  names`,
        String.raw`∑           0.9877  8721`,
        String.raw`E\u001b[2J  0.0100        ["e", "ee"]`,
      ].join('\n'),
    );
  });

  it('shows the members of an object as rows, whole numbers to the digit', () => {
    const json = '{"ids":[9007199254740993,1],"probabilities":[0.000791957,0.998263776]}';
    assert.equal(
      outputText(json),
      ['ids            [9007199254740993, 1]', 'probabilities  [0.000792, 0.9983]'].join('\n'),
    );
  });

  it('shows a text as it is, line by line, and other JSON short', () => {
    assert.equal(
      outputText(JSON.stringify('two\nlines\u0007')),
      String.raw`two
lines\u0007`,
    );
    assert.equal(outputText('[]'), '[]');
    assert.equal(outputText('{}'), '{}');
    assert.equal(outputText('0.123456'), '0.1235');
    assert.equal(outputText('null'), 'null');
    assert.equal(outputText(JSON.stringify(Array(1_000).fill(1))).length, 400);
  });
});

describe('outputsText', () => {
  const rowOf = (name: string, output: unknown) => ({ name, output: JSON.stringify(output) });
  const failed = { name: 'broken', output: undefined, failure: 'failed: INVALID_INPUT' };

  it('shows the best label of each item', () => {
    const rows = [
      rowOf('a.ts', [label('css', 0.1), label('typescript', 0.9)]),
      rowOf('日本.md', [label('markdown', 0.75, { group: 'text' })]),
      rowOf('none', []),
      failed,
    ];
    assert.equal(
      outputsText(rows, 'file'),
      [
        'file     label                   score  group',
        'a.ts     typescript             0.9000',
        '日本.md  markdown               0.7500  text',
        'none     (no label)',
        'broken   failed: INVALID_INPUT',
      ].join('\n'),
    );
  });

  it('shows outputs of other kinds as JSON', () => {
    assert.equal(
      outputsText([rowOf('1', { sum: 24 }), failed, rowOf('2\n3', [label('x', 1)])], 'input'),
      [
        'input   output',
        '1       {"sum": 24}',
        'broken  failed: INVALID_INPUT',
        String.raw`2\n3    [{"label": "x", "score": 1}]`,
      ].join('\n'),
    );
  });

  it('shows nothing but failures where all failed', () => {
    assert.equal(outputsText([failed], 'file'), 'file    output\nbroken  failed: INVALID_INPUT');
  });
});
