import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answerText } from '#src/pipelines/answer-text.js';
import { Answer, type Value } from '#src/pipelines/step.js';
import { anyOfKind, type Label, type ValueKind } from '#src/pipelines/value-type.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import { propertyRuns } from '../support/property-runs.js';
import { fp32, int64 } from '../support/tensors.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

function textOf(kind: ValueKind, value: unknown): string {
  return answerText(new Answer(anyOfKind(kind), value as Value));
}

/** Something that refers to itself. */
function endless(): object {
  const inner: unknown[] = [];
  inner.push(inner);
  return { inner };
}

describe('answerText', () => {
  const bytes = new TextEncoder().encode('..bytes..').subarray(2, 7);
  const answers: [kind: ValueKind, value: unknown, text: string][] = [
    ['tensor', fp32([2, 3], 1, 2, 3, 4, 5, 6), '[[1,2,3],[4,5,6]]'],
    ['tensor', int64([], 7), '7'],
    ['tensors', { 'a"b': fp32([1], 0.5), n: int64([0]) }, '{"a\\"b":[0.5],"n":[]}'],
    ['scores', Float32Array.of(0.5, 0.25), '[0.5,0.25]'],
    ['scores', Float64Array.of(0.1, 2), '[0.1,2]'],
    ['scores', [0.1, 2], '[0.1,2]'],
    ['scores', [], '[]'],
    ['labels', [{ label: '∑', score: 0.5, names: ['sum'] }], '[{"label":"∑","score":0.5,"names":["sum"]}]'],
    ['labels', [], '[]'],
    ['text', 'a "text"\n', '"a \\"text\\"\\n"'],
    ['record', { species: 'Gentoo', mass: 5000 }, '{"species":"Gentoo","mass":5000}'],
    ['strokes', [[[0, 1.5]]], '[[[0,1.5]]]'],
    ['json', { a: [null, true, 'x', -1.5, {}] }, '{"a":[null,true,"x",-1.5,{}]}'],
    ['json', null, 'null'],
    ['json', Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
    ['bytes', bytes, '{"base64":"Ynl0ZXM="}'],
    [
      'image',
      { width: 5, height: 1, channels: 1, data: bytes },
      '{"width":5,"height":1,"channels":1,"base64":"Ynl0ZXM="}',
    ],
  ];
  for (const [kind, value, text] of answers) {
    it(`writes ${kind} as ${text.replaceAll('\n', ' ')}`, () => assert.equal(textOf(kind, value), text));
  }

  it('writes half floats as what they stand for', () => {
    const halves = { datatype: 'FP16', shape: [2], data: Uint16Array.of(numberToHalf(0.5), numberToHalf(-2)) };
    assert.equal(textOf('tensor', halves), '[0.5,-2]');
  });

  it('writes scores of labels that came as float32 short', () => {
    const scores = Float32Array.of(0.1, 1 / 3, 0.9982637763023376, 1e-8, 1, 0);
    const labels = Array.from(scores, (score): Label => ({ label: 'x', score }));
    const written = [...textOf('labels', labels).matchAll(/"score":([^}]*)/g)].map(([, text]) => text);
    assert.deepEqual(written, ['0.1', '0.33333334', '0.9982638', '1e-8', '1', '0']);
    assert.equal(textOf('labels', [{ label: 'x', score: 1 / 3 }]), '[{"label":"x","score":0.3333333333333333}]');
  });

  it('writes scores of labels so that the same float32 is read, and no shorter text would do', () => {
    const float = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(float, (score) => {
        const [label] = JSON.parse(textOf('labels', [{ label: 'x', score }])) as [Label];
        assert.equal(Math.fround(label.score), score + 0);
        const digits = label.score.toExponential().replace(/e.*/, '').replace(/\D/g, '').length;
        const shorter = Number(score.toExponential(Math.max(0, digits - 2)));
        assert.ok(digits === 1 || digits <= 6 || Math.fround(shorter) !== score, `${label.score} for ${score}`);
      }),
      propertyRuns(1000),
    );
  });

  it('says what was there, whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        assert.equal(textOf('json', value), JSON.stringify(value));
      }),
      propertyRuns(300),
    );
  });

  const anything = 'text, finite numbers, true, false, null, and arrays and objects of them';
  const unsayable: [kind: ValueKind, value: unknown, path: string, got: string, expected?: string][] = [
    ['tensor', fp32([2, 2], 1, 2, nan, 4), 'output', 'NaN in element 2', 'finite numbers'],
    ['tensors', { x: fp32([1], 1), y: fp32([1], infinity) }, 'output.y', 'Infinity in element 0', 'finite numbers'],
    ['scores', Float32Array.of(1, -infinity), 'output', '-Infinity in element 1', 'finite numbers'],
    ['scores', [nan], 'output', 'NaN in element 0', 'finite numbers'],
    [
      'labels',
      [
        { label: 'a', score: 1 },
        { label: 'b', score: infinity },
      ],
      'output[1].score',
      'the number Infinity',
    ],
    ['labels', [{ label: 'a' }], 'output[0].score', 'nothing'],
    ['record', { a: { b: [1, nan] } }, 'output.a.b[1]', 'the number NaN'],
    ['json', nan, 'output', 'the number NaN'],
    ['json', undefined, 'output', 'nothing'],
    ['json', { a: undefined }, 'output.a', 'nothing'],
    ['json', new Array(2), 'output[0]', 'nothing'],
    ['json', [3n], 'output[0]', 'the bigint 3'],
    ['json', { at: new Date(0) }, 'output.at', 'a value of the class Date'],
    ['json', { embedding: Float32Array.of(1) }, 'output.embedding', 'a value of the class Float32Array'],
    ['json', [new Map()], 'output[0]', 'a value of the class Map'],
    ['json', { toJSON: () => 1 }, 'output.toJSON', 'a value of the class Function'],
    ['json', endless(), `output.inner${'[0]'.repeat(63)}`, 'more than 64 levels'],
  ];
  for (const [kind, value, path, got, expected = anything] of unsayable) {
    it(`refuses ${got} in ${kind}, and says where it is`, () => {
      assert.throws(() => textOf(kind, value), {
        code: 'OUTPUT_NOT_FINITE',
        message: 'The output holds a value that JSON cannot say.',
        details: { path, expected, got },
      });
    });
  }
});
