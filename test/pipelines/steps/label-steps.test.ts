import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError, type Value } from '#src/pipelines/step.js';
import { scoreSteps } from '#src/pipelines/steps/score-steps.js';
import { anyOfKind, type Label, type ValueType } from '#src/pipelines/value-type.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import { buildStep, buildSteps, fuseSteps, runAtOnce, type WrittenStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';
import { fp32, int64 } from '../../support/tensors.js';

const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
const files = { 'three.json': ['cat', 'dog', 'owl'] };
const three: ValueType = { kind: 'scores', count: 3 };

type Cut = [name: string, option: unknown];

async function run(written: WrittenStep[], value: Value, type: ValueType = three): Promise<unknown> {
  return runAtOnce(await buildSteps(written, { given: type, files }), value);
}

describe('labels', () => {
  it('gives all classes their labels, the highest score first, equal ones by class', async () => {
    const cats = [
      { label: 'dog', score: 0.5 },
      { label: 'cat', score: 0.25 },
      { label: 'owl', score: 0.25 },
    ];
    assert.deepEqual(await run([['labels', 'three.json']], Float32Array.of(0.25, 0.5, 0.25)), cats);
    assert.deepEqual(await run([['labels', { file: 'three.json' }]], [0.25, 0.5, 0.25], anyOfKind('scores')), cats);
  });

  it('says of a class what its row says', async () => {
    const rows = [{ names: ['sum'], label: '∑', codepoint: 8721 }, { label: '∞' }, 'plain'];
    const [step] = await buildSteps([['labels', 'rows.json']], { given: three, files: { 'rows.json': rows } });
    assert.deepEqual(step?.gives, { kind: 'labels', classes: ['∑', '∞', 'plain'] });
    assert.equal(
      JSON.stringify(step?.run([0.75, 0.5, 0.25])),
      '[{"label":"∑","score":0.75,"names":["sum"],"codepoint":8721},{"label":"∞","score":0.5},{"label":"plain","score":0.25}]',
    );
  });

  it('takes a tensor of one dimension of any numbers', async () => {
    const halves = { datatype: 'FP16', shape: [3], data: Uint16Array.from([-1, 2, 0.5], numberToHalf) } as const;
    for (const tensor of [fp32([3], -1, 2, 0.5), int64([3], -10, 20, 5), halves]) {
      const type: ValueType = { kind: 'tensor', datatype: tensor.datatype, shape: [3] };
      const labels = (await run([['labels', 'three.json']], tensor, type)) as Label[];
      assert.deepEqual(
        labels.map(({ label }) => label),
        ['dog', 'owl', 'cat'],
      );
      assert.equal(labels[0]?.score, tensor.datatype === 'INT64' ? 20 : 2);
    }
  });

  it('refuses at load another number of labels than of classes, and what holds no scores', async () => {
    const refused: [ValueType, string][] = [
      [{ kind: 'scores', count: 4 }, 'three.json has 3 labels; given scores of 4 classes'],
      [{ kind: 'tensor', datatype: 'FP32', shape: [400] }, 'three.json has 3 labels; given tensor FP32[400]'],
      [
        { kind: 'tensor', datatype: 'FP32', shape: [1, 3] },
        'expected scores, or a tensor of one dimension; given tensor FP32[1, 3]',
      ],
      [{ kind: 'tensor', datatype: 'BYTES', shape: [3] }, 'expected numbers; given tensor BYTES[3]'],
    ];
    for (const [type, message] of refused) {
      await assert.rejects(buildStep(['labels', 'three.json'], { given: type, files }), new StepError(message));
    }
  });

  it('passes on why the file cannot be read', async () => {
    await assert.rejects(buildStep(['labels', 'none.json'], { given: three }), {
      message: 'none.json: there is no such file beside the model',
    });
  });

  it('checks the number when it runs where it was not known', async () => {
    const free: ValueType = { kind: 'tensor', datatype: 'FP32', shape: [{ symbol: null }] };
    for (const type of [free, anyOfKind('tensor')]) {
      await assert.rejects(run([['labels', 'three.json']], fp32([2], 1, 2), type), {
        message: 'three.json has 3 labels; the model gave 2 scores',
      });
      await assert.rejects(run([['labels', 'three.json']], fp32([1, 3], 1, 2, 3), type), {
        message: 'expected a tensor of 1 dimensions; the model gave [1, 3]',
      });
    }
  });

  it('ranks the infinities, and refuses NaN wherever it is', async () => {
    const labels = (await run([['labels', 'three.json']], [-infinity, infinity, 0])) as Label[];
    assert.deepEqual(
      labels.map(({ label }) => label),
      ['dog', 'owl', 'cat'],
    );
    const chains: WrittenStep[][] = [
      [['labels', 'three.json']],
      [
        ['labels', 'three.json'],
        ['top_k', 1],
      ],
      [
        ['labels', 'three.json'],
        ['threshold', 100],
      ],
      [['top_k', 1]],
    ];
    for (const chain of chains) {
      const fused = fuseSteps(await buildSteps(chain, { given: three, files }));
      for (const [element, scores] of [
        [nan, 1, 2],
        [1, nan, 2],
        [2, 1, nan],
      ].entries()) {
        assert.throws(() => runAtOnce(fused, scores), {
          code: 'OUTPUT_NOT_FINITE',
          details: { path: 'output', expected: 'finite numbers', got: `NaN in element ${element}` },
        });
      }
    }
  });
});

describe('top_k', () => {
  const labels: Label[] = [
    { label: 'a', score: 0.25 },
    { label: 'b', score: 0.5, detail: { of: 'b' } },
    { label: 'c', score: 0.5 },
    { label: 'd', score: 1 },
  ];

  it('keeps the best labels, equal ones in the order in which they came', async () => {
    const [a, b, c, d] = labels;
    assert.deepEqual(await run([['top_k', 2]], labels, anyOfKind('labels')), [d, b]);
    assert.deepEqual(await run([['top_k', 9]], labels, anyOfKind('labels')), [d, b, c, a]);
  });

  it('gives scores the numbers of their classes', async () => {
    const expected = [
      { label: '2', score: 7 },
      { label: '0', score: 3 },
    ];
    assert.deepEqual(await run([['top_k', 2]], Float32Array.of(3, 1, 7)), expected);
    const type: ValueType = { kind: 'tensor', datatype: 'FP32', shape: [3] };
    assert.deepEqual(await run([['top_k', 2]], fp32([3], 3, 1, 7), type), expected);
    const { gives } = await buildStep(['top_k', 2], { given: type });
    assert.deepEqual(gives, { kind: 'labels' });
  });

  it('refuses a label without a score', async () => {
    const odd = [{ label: 'a', score: 1 }, { label: 'b' } as unknown as Label];
    await assert.rejects(run([['top_k', 1]], odd, anyOfKind('labels')), {
      code: 'OUTPUT_NOT_FINITE',
      details: { path: 'output', expected: 'finite numbers', got: 'undefined in element 1' },
    });
  });

  it('takes whole numbers from 1 on', () => {
    const { options } = scoreSteps.find(({ name }) => name === 'top_k') as (typeof scoreSteps)[number];
    const isTaken = (k: unknown) => options.safeParse({ k }).success;
    assert.deepEqual([1, 1000, 0, -1, 2.5, '5', undefined].map(isTaken), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('labels and what follows it', () => {
  const count = 90;
  const rows = Array.from({ length: count }, (_, place) => ({ label: `c${place}`, codepoint: 8000 + place }));
  const score = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(-1, 0, 0.5, 1));
  const cut: fc.Arbitrary<Cut> = fc.oneof(
    fc.integer({ min: 1, max: 100 }).map((k): Cut => ['top_k', k]),
    fc.constantFrom(-1, 0, 0.25, 0.5, 1, 1e30).map((at): Cut => ['threshold', at]),
    fc.constant<Cut>(['round', 2]),
  );

  it('is the classes sorted by score, and the beginning of that', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(score, { minLength: count, maxLength: count }),
        fc.array(cut, { maxLength: 4 }),
        fc.boolean(),
        async (values, cuts, isNamed) => {
          const first: Cut = isNamed ? ['labels', 'rows.json'] : ['top_k', 70];
          const written = [first, ...cuts];
          const scores = Float32Array.from(values);
          const chain = await buildSteps(written, { given: { kind: 'scores', count }, files: { 'rows.json': rows } });
          let expected: Label[] = values
            .map(
              (value, place): Label => ({
                ...(isNamed ? rows[place] : {}),
                label: isNamed ? `c${place}` : String(place),
                score: value,
              }),
            )
            .sort((one, other) => Number(one.score < other.score) - Number(one.score > other.score));
          for (const [name, option] of written) {
            if (name === 'top_k') expected = expected.slice(0, option as number);
            if (name === 'threshold') expected = expected.filter(({ score: each }) => each >= (option as number));
            if (name !== 'round') continue;
            expected = expected.map((each) => {
              const isSmall = Math.abs(each.score) < 1e12;
              return { ...each, score: isSmall ? Number(each.score.toFixed(2)) + 0 : each.score };
            });
          }
          assert.deepEqual(runAtOnce(chain, scores), expected);
          assert.deepEqual(runAtOnce(fuseSteps(chain), scores), expected);
        },
      ),
      propertyRuns(300),
    );
  });

  it('becomes one step as far as only fewer labels are asked for', async () => {
    const written: WrittenStep[] = [
      ['labels', 'three.json'],
      ['threshold', 0.1],
      ['top_k', 2],
      ['round', 2],
      ['top_k', 1],
    ];
    const chain = await buildSteps(written, { given: three, files });
    const fused = fuseSteps(chain);
    assert.deepEqual(
      fused.map(({ name }) => name),
      ['labels + threshold + top_k', 'round', 'top_k'],
    );
    assert.deepEqual(fused[0]?.gives, chain[0]?.gives);
    const [softmax, best] = fuseSteps(await buildSteps([['softmax'], ['top_k', 3], ['top_k', 1]], { given: three }));
    assert.deepEqual([softmax?.name, best?.name], ['softmax', 'top_k + top_k']);
  });
});
