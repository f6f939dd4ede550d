import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepError } from '#src/pipelines/step.js';
import { type LabelsFile, readLabelsFile } from '#src/pipelines/steps/labels-file.js';

function read(content: unknown): LabelsFile {
  return readLabelsFile('labels.json', new TextEncoder().encode(JSON.stringify(content)));
}

describe('readLabelsFile', () => {
  it('reads strings and rows', () => {
    const { rows, policies } = read(['cat', { label: 'dog', id: 7, names: ['Hund'] }]);
    assert.deepEqual(rows, [{ label: 'cat' }, { label: 'dog', id: 7, names: ['Hund'] }]);
    assert.equal(policies, undefined);
  });

  it('reads labels by class, in whatever order they stand', () => {
    const rows = [{ label: 'zero' }, { label: 'one', id: 1 }, { label: 'two' }];
    const byClass = { 2: 'two', 0: 'zero', 1: { label: 'one', id: 1 } };
    assert.deepEqual(read(byClass).rows, rows);
    assert.deepEqual(read({ architectures: ['Bert'], id2label: byClass, label2id: { zero: 0 } }).rows, rows);
  });

  it('takes what rows say of thresholds out of them', () => {
    const { rows, policies } = read([
      { label: 'perl', mime: 'text/x-perl', threshold: 0.9, otherwise: { label: 'txt', mime: 'text/plain' } },
      { label: 'randomtxt', as: { label: 'txt' } },
      'csv',
    ]);
    assert.deepEqual(rows, [{ label: 'perl', mime: 'text/x-perl' }, { label: 'randomtxt' }, { label: 'csv' }]);
    assert.deepEqual(policies?.get('perl'), {
      threshold: 0.9,
      otherwise: { label: 'txt', mime: 'text/plain' },
      as: undefined,
    });
    assert.deepEqual(policies?.get('randomtxt')?.as, { label: 'txt' });
  });

  it('lets classes share a label if they are treated alike', () => {
    const crane = { label: 'crane', threshold: 0.5 };
    assert.equal(read([crane, { ...crane, kind: 'bird' }]).rows.length, 2);
    for (const others of [
      ['crane', crane],
      [crane, 'crane'],
      [crane, { ...crane, threshold: 0.6 }],
    ]) {
      assert.throws(
        () => read(others),
        new StepError('labels.json: two rows of the label crane differ in threshold, otherwise or as'),
      );
    }
  });

  it('stands members that are called like parts of the language', () => {
    const content = new TextEncoder().encode('[{"label":"a","__proto__":{"x":1},"constructor":2}]');
    const [row] = readLabelsFile('labels.json', content).rows;
    assert.equal(JSON.stringify(row), '{"label":"a","constructor":2}');
    assert.equal(row?.['x'], undefined);
  });

  it('stands a byte order mark', () => {
    assert.deepEqual(readLabelsFile('labels.json', new TextEncoder().encode('\ufeff["a"]')).rows, [{ label: 'a' }]);
  });

  const refused: [content: unknown, message: string][] = [
    ['text', 'labels.json: expected an array of labels, or an object of labels by class; got the string "text"'],
    [null, 'labels.json: expected an array of labels, or an object of labels by class; got null'],
    [{ id2label: 3 }, 'labels.json: expected an array of labels, or an object of labels by class; got the number 3'],
    [{ 1: 'a', 2: 'b' }, 'labels.json: expected labels of the classes from 0 on; there is none of class 0'],
    [{ 0: 'a', dog: 1 }, 'labels.json: expected labels of the classes from 0 on; there is none of class 1'],
    [[], 'labels.json: expected a label for each class; got none'],
    [['a', 3], 'labels.json[1]: expected one of: expected string; expected object; got the number 3'],
    [[{ name: 'a' }], 'labels.json[0].label: expected string; got nothing'],
    [[{ label: 'a', score: 1 }], 'labels.json[0].score: expected no score: it comes from the model; got the number 1'],
    [[{ label: 'a', threshold: '0.5' }], 'labels.json[0].threshold: expected number; got the string "0.5"'],
    [
      ['a', { label: 'b', as: { label: 'c', otherwise: { label: 'd' } } }],
      'labels.json[1].as.otherwise: expected nothing of the kind inside otherwise or as; got an object',
    ],
    [[{ label: 'a', otherwise: {} }], 'labels.json[0].otherwise.label: expected string; got nothing'],
  ];
  for (const [content, message] of refused) {
    it(`refuses ${JSON.stringify(content)}`, () => assert.throws(() => read(content), new StepError(message)));
  }

  it('refuses what is no JSON, and other bytes than UTF-8', () => {
    const readText = (text: string, encoding: BufferEncoding) => () => {
      return readLabelsFile('labels.json', Buffer.from(text, encoding));
    };
    assert.throws(readText('cat\ndog', 'utf8'), { message: /^labels\.json: expected JSON; \S/ });
    assert.throws(readText('["Käse"]', 'latin1'), {
      message: /^labels\.json: expected JSON; The encoded data was not/,
    });
  });
});
