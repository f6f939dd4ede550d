import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepError, type Value } from '#src/pipelines/step.js';
import { scoreSteps } from '#src/pipelines/steps/score-steps.js';
import { anyOfKind, type ValueType } from '#src/pipelines/value-type.js';
import { buildSteps, fuseSteps, runAtOnce, type WrittenStep } from '../../support/built-steps.js';

const rows = [
  { label: 'perl', group: 'code', threshold: 0.9, otherwise: { label: 'txt', group: 'text' } },
  { label: 'zip', group: 'archive', threshold: 0.5 },
  { label: 'randombytes', as: { label: 'unknown', why: 'random' } },
  { label: 'csv', group: 'text', threshold: 0.25, otherwise: { label: 'txt' }, as: { label: 'table', of: 'csv' } },
  'png',
];
const files = { 'labels.json': rows };
const five: ValueType = { kind: 'scores', count: 5 };

/** What comes of scores, the same with and without fusing, and also if values are cloned on their way between threads. */
async function run(written: WrittenStep[], scores: Value): Promise<unknown> {
  const chain = await buildSteps(written, { given: five, files });
  const result = runAtOnce(chain, scores);
  assert.deepEqual(runAtOnce(fuseSteps(chain), scores), result);
  const cloned = chain.reduce<Value>((value, step) => structuredClone(step.run(value)), scores);
  assert.deepEqual(cloned, result);
  return result;
}

describe('threshold', () => {
  it('keeps labels at or above a score', async () => {
    const expected = [
      { label: 'perl', score: 0.5, group: 'code' },
      { label: 'zip', score: 0.25, group: 'archive' },
    ];
    assert.deepEqual(
      await run(
        [
          ['labels', 'labels.json'],
          ['threshold', 0.25],
        ],
        [0.5, 0.25, 0.125, 0, 0.1],
      ),
      expected,
    );
    assert.deepEqual(
      await run(
        [
          ['labels', 'labels.json'],
          ['threshold', { at: 2 }],
        ],
        [1, 1, 1, 1, 1],
      ),
      [],
    );
  });

  const perLabel: [what: string, scores: number[], expected: object[]][] = [
    [
      'lets what stands under otherwise take the place of labels below their threshold, and leaves others out',
      [0.8, 0.4, 0, 0.1, 0],
      [
        { label: 'txt', score: 0.8, group: 'text' },
        { label: 'txt', score: 0.1 },
        { label: 'unknown', score: 0, why: 'random' },
        { label: 'png', score: 0 },
      ],
    ],
    [
      'lets what stands under as take the place of labels at or above it, and keeps others',
      [0.9, 0.5, 0.3, 0.25, 0.2],
      [
        { label: 'perl', score: 0.9, group: 'code' },
        { label: 'zip', score: 0.5, group: 'archive' },
        { label: 'unknown', score: 0.3, why: 'random' },
        { label: 'table', score: 0.25, of: 'csv' },
        { label: 'png', score: 0.2 },
      ],
    ],
  ];
  for (const [what, scores, expected] of perLabel) {
    it(`per_label ${what}`, async () => {
      assert.deepEqual(
        await run(
          [
            ['labels', 'labels.json'],
            ['threshold', { per_label: true }],
          ],
          scores,
        ),
        expected,
      );
    });
  }

  it('per_label takes `at` for labels that have no threshold', async () => {
    const judged: WrittenStep = ['threshold', { per_label: true, at: 0.7 }];
    assert.deepEqual(await run([['labels', 'labels.json'], judged], [0.1, 0.2, 0.7, 0.1, 0.6]), [
      { label: 'unknown', score: 0.7, why: 'random' },
      { label: 'txt', score: 0.1, group: 'text' },
      { label: 'txt', score: 0.1 },
    ]);
  });

  it('per_label finds the rows also behind top_k, round and a plain threshold', async () => {
    const judged: WrittenStep = ['threshold', { per_label: true }];
    const scores = Float32Array.of(0.81, 0.4, 0.01, 0.3, 0.02);
    const txt = { label: 'txt', score: 0.8, group: 'text' };
    const best: WrittenStep[] = [['labels', 'labels.json'], ['top_k', 1], ['round', 1], judged];
    assert.deepEqual(await run(best, scores), [txt]);
    const good: WrittenStep[] = [['labels', 'labels.json'], ['round', 1], ['threshold', 0.25], judged];
    assert.deepEqual(await run(good, scores), [txt, { label: 'table', score: 0.3, of: 'csv' }]);
  });

  it('never shows what rows say of thresholds', async () => {
    const shown = JSON.stringify([
      await run([['labels', 'labels.json']], [1, 1, 1, 1, 1]),
      await run(
        [
          ['labels', 'labels.json'],
          ['threshold', { per_label: true }],
        ],
        [1, 1, 1, 1, 1],
      ),
      await run(
        [
          ['labels', 'labels.json'],
          ['threshold', { per_label: true }],
        ],
        [0, 0, 0, 0, 0],
      ),
    ]);
    assert.doesNotMatch(shown, /"(?:threshold|otherwise|as)"/);
  });

  it('refuses at load per_label without a labels file that says anything of it', async () => {
    const error = new StepError(
      'per_label needs the labels of a labels file in which rows have threshold, otherwise or as; it can stand behind labels and top_k',
    );
    const judged: WrittenStep = ['threshold', { per_label: true }];
    const chains: [WrittenStep[], ValueType][] = [
      [[judged], anyOfKind('labels')],
      [[['top_k', 2], judged], five],
      [[['labels', 'plain.json'], judged], five],
      [[['labels', 'labels.json'], judged, judged], five],
    ];
    const plain = { ...files, 'plain.json': ['a', 'b', 'c', 'd', 'e'] };
    for (const [written, type] of chains)
      await assert.rejects(buildSteps(written, { given: type, files: plain }), error);
  });

  it('needs a number unless it goes by label', () => {
    const { options } = scoreSteps.find(({ name }) => name === 'threshold') as (typeof scoreSteps)[number];
    const result = options.safeParse({});
    assert.deepEqual(
      result.error?.issues.map(({ path, message }) => [path, message]),
      [[['at'], 'expected a number']],
    );
    assert.ok(options.safeParse({ per_label: true }).success);
  });

  it('refuses a label whose score says nothing', async () => {
    const chain = await buildSteps(
      [
        ['labels', 'labels.json'],
        ['threshold', { per_label: true }],
      ],
      { given: five, files },
    );
    const labels = [
      { label: 'png', score: 1 },
      { label: 'zip', score: Number.NaN },
    ];
    assert.throws(() => chain[1]?.run(labels), {
      code: 'OUTPUT_NOT_FINITE',
      details: { path: 'output', expected: 'finite numbers', got: 'NaN in element 1' },
    });
  });
});
