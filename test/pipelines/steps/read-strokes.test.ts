import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { readStrokes } from '#src/pipelines/steps/read-strokes.js';

describe('readStrokes', () => {
  it('gives strokes as they are', () => {
    const strokes = [
      [
        [0, 1.5],
        [-3, 1e6],
      ],
      [[7, 7]],
    ];
    assert.equal(readStrokes(strokes), strokes);
    assert.equal(readStrokes({ strokes }), strokes);
  });

  const many = (count: number) => Array.from({ length: count }, () => [[1, 2]]);
  const refused: Record<string, [value: unknown, path: string | undefined, expected: RegExp, got: string]> = {
    nothing: [null, undefined, /array of strokes/, 'null'],
    'a string': ['[[[1,2]]]', undefined, /array of strokes/, 'the string "[[[1,2]]]"'],
    'no strokes': [[], undefined, /^1 to 1000 strokes$/, 'an array of 0'],
    'an object without strokes': [{ points: [] }, undefined, /array of strokes/, 'an object'],
    'strokes that are none': [{ strokes: 5 }, 'strokes', /array of strokes/, 'the number 5'],
    'too many strokes': [many(1001), undefined, /^1 to 1000 strokes$/, 'an array of 1001'],
    'a stroke that is none': [[[[1, 2]], 7], '[1]', /array of points/, 'the number 7'],
    'an empty stroke': [[[[1, 2]], []], '[1]', /at least one point/, 'an array of 0'],
    'a bare point': [[[1, 2]], '[0][0]', /^a point \[x, y\]$/, 'the number 1'],
    'a point of three numbers': [[[[1, 2, 3]]], '[0][0]', /^a point \[x, y\]$/, 'an array of 3'],
    'a point as an object': [[[{ x: 1, y: 2 }]], '[0][0]', /^a point \[x, y\]$/, 'an object'],
    'a coordinate that is no number': [[[[1, '2']]], '[0][0][1]', /^a number from/, 'the string "2"'],
    'a coordinate that is null': [{ strokes: [[[1, 2]], [[null, 2]]] }, 'strokes[1][0][0]', /^a number from/, 'null'],
    'a coordinate beyond all bounds': [[[[1e7, 2]]], '[0][0][0]', /-1000000 to 1000000/, 'the number 10000000'],
    'a coordinate that is not finite': [[[[1, Number.NaN]]], '[0][0][1]', /^a number from/, 'the number NaN'],
    'too many points': [[many(20_000).flat(), [[1, 2]]], '[1]', /^at most 20000 points/, 'an array of 1'],
  };
  for (const [name, [value, path, expected, got]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => readStrokes(value),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, 'INVALID_INPUT');
          assert.equal(error.details.path, path);
          assert.match(error.details.expected ?? '', expected);
          assert.equal(error.details.got, got);
          return true;
        },
      );
    });
  }
});
