import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { describeIssues, pathText, shown } from '#src/core/zod-issues.js';

const schema = z.strictObject({
  name: z.string(),
  size: z.int().min(1).default(1),
  mode: z.enum(['fast', 'exact']).optional(),
  limits: z.strictObject({ rows: z.int().optional(), bytes: z.int().optional() }).prefault({}),
  steps: z.array(z.strictObject({ kind: z.string(), options: z.string().optional() })).optional(),
  tables: z.record(z.string(), z.strictObject({ columns: z.int() })).optional(),
  versions: z.union([z.literal('all'), z.strictObject({ latest: z.int() })]).optional(),
  providers: z
    .array(z.union([z.string(), z.strictObject({ name: z.string(), options: z.string().optional() })]))
    .transform((list) => list.length)
    .optional(),
});

/** The problems of a document as `path: message`. */
function problemsOf(document: unknown, of: z.ZodType = schema): string[] {
  const result = of.safeParse(document);
  if (result.success) return [];
  return describeIssues(result.error, of, document).map(({ path, message }) => `${path}: ${message}`);
}

/** The only problem of a document. */
function problemOf(document: unknown): string {
  const problems = problemsOf(document);
  assert.equal(problems.length, 1, problems.join('\n'));
  return problems[0] as string;
}

describe('describeIssues', () => {
  it('names the place, what was expected and what came', () => {
    assert.equal(problemOf({ name: 5 }), 'name: expected string; got the number 5');
    assert.equal(problemOf({}), 'name: expected string; got nothing');
    assert.equal(problemOf({ name: null }), 'name: expected string; got null');
    assert.equal(problemOf({ name: 'a', mode: 'fats' }), 'mode: expected one of "fast"|"exact"; got the string "fats"');
    assert.match(problemOf({ name: 'a', size: 0 }), /^size: .*>=1; got the number 0$/);
    assert.match(problemOf({ name: 'a', size: 1.5 }), /^size: expected int.*; got the number 1\.5$/);
    assert.equal(
      problemOf({ name: 'a', steps: [{ kind: 'x' }, { kind: [] }] }),
      'steps[1].kind: expected string; got an array of 0',
    );
  });

  it('calls the whole document by its name', () => {
    assert.equal(problemOf('text'), '(document): expected object; got the string "text"');
    assert.equal(problemOf([1, 2]), '(document): expected object; got an array of 2');
  });

  it('tells everything that is wrong at once', () => {
    const problems = problemsOf({ name: 1, size: 'x', mode: 2, nmae: 'a', limits: { row: 1 } });
    const places = problems.map((line) => line.slice(0, line.indexOf(':')));
    assert.deepEqual(places.toSorted(), ['limits.row', 'mode', 'name', 'nmae', 'size']);
  });

  it('suggests the key that was meant, and lists those that there are', () => {
    const expected = 'expected name, size, mode, limits, steps, tables, versions, providers';
    assert.equal(problemOf({ name: 'a', sise: 1 }), `sise: unknown key (did you mean size?); ${expected}`);
    assert.equal(problemOf({ name: 'a', colour: 1 }), `colour: unknown key; ${expected}`);
    assert.equal(
      problemOf({ name: 'a', limits: { byts: 1 } }),
      'limits.byts: unknown key (did you mean bytes?); expected rows, bytes',
    );
  });

  it('suggests keys inside arrays and records too', () => {
    assert.equal(
      problemOf({ name: 'a', steps: [{ kind: 'x' }, { kind: 'y', optoins: 'z' }] }),
      'steps[1].optoins: unknown key (did you mean options?); expected kind, options',
    );
    assert.equal(
      problemOf({ name: 'a', tables: { t: { columns: 1, colunms: 2 } } }),
      'tables.t.colunms: unknown key (did you mean columns?); expected columns',
    );
  });

  it('suggests keys where one of several forms is an object', () => {
    const version = problemsOf({ name: 'a', versions: { latset: 2 } }).join('\n');
    assert.match(version, /versions.*latset.*did you mean latest\?/);
    const provider = problemsOf({ name: 'a', providers: ['cpu', { name: 'cuda', optoins: 'x' }] }).join('\n');
    assert.match(provider, /^providers\[1\]\.optoins: .*did you mean options\?/);
  });

  it('says all forms that a value may have', () => {
    const problem = problemOf({ name: 'a', versions: 7 });
    assert.match(problem, /^versions: expected one of: /);
    assert.match(problem, /"all"/);
    assert.match(problem, /object/);
    assert.match(problem, /; got the number 7$/);
  });

  it('tells of ten problems, and how many more there are', () => {
    const wrong = (count: number) =>
      problemsOf(
        Array.from({ length: count }, () => 'x'),
        z.array(z.number()),
      );
    const problems = wrong(25);
    assert.equal(problems.length, 11);
    assert.equal(problems[9], '[9]: expected number; got the string "x"');
    assert.equal(problems[10], '(document): 15 more problems');
    assert.equal(wrong(10).length, 10);
  });

  it('tells of ten unknown keys in one place, and how many more there are', () => {
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
    const problems = problemsOf({ name: 'a', limits: keys(30) });
    assert.equal(problems.length, 11);
    assert.match(problems[9] as string, /^limits\.k9: unknown key; expected rows, bytes$/);
    assert.equal(problems[10], 'limits: 20 more unknown keys');
    assert.equal(problemsOf({ name: 'a', limits: keys(10) }).length, 10);
  });

  it('cuts the name of an unknown key at 128 characters', () => {
    const [place] = problemOf({ name: 'a', limits: { ['k'.repeat(5000)]: 1 } }).split(':');
    assert.equal(place, `limits.${'k'.repeat(128)}`);
  });

  it('takes prototype keys for the unknown keys that they are', () => {
    const document: unknown = JSON.parse('{"name": "a", "__proto__": {"size": 2}, "constructor": 1}');
    const problems = problemsOf(document).join('\n');
    assert.match(problems, /^constructor: unknown key/m);
    assert.match(problemsOf({ name: 'a', limits: { toString: 1 } }).join('\n'), /^limits\.toString: unknown key/);
  });
});

describe('pathText', () => {
  it('writes a path as one reads it in code', () => {
    assert.equal(pathText(['a', 'b', 2, 0, 'c']), 'a.b[2][0].c');
    assert.equal(pathText([3, 'a']), '[3].a');
    assert.equal(pathText([]), '(document)');
  });
});

describe('shown', () => {
  it('shows a value by its kind, and itself when it is short', () => {
    assert.equal(shown(undefined), 'nothing');
    assert.equal(shown(null), 'null');
    assert.equal(shown({ a: 1 }), 'an object');
    assert.equal(shown([1, 2]), 'an array of 2');
    assert.equal(shown(true), 'the boolean true');
    assert.equal(shown(12n), 'the bigint 12');
    assert.equal(shown('a\n"b"'), 'the string "a\\n\\"b\\""');
  });

  it('cuts a long string', () => {
    assert.equal(shown('x'.repeat(40)), `the string "${'x'.repeat(40)}"`);
    assert.equal(shown('x'.repeat(1000)), `the string "${'x'.repeat(40)}…"`);
  });
});
