import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type Dimension, shapeText } from '#src/model/signature.js';
import { StepError } from '#src/pipelines/step.js';
import { scoreSteps } from '#src/pipelines/steps/score-steps.js';
import { tensorSteps } from '#src/pipelines/steps/tensor-steps.js';
import { anyOfKind, type ValueType } from '#src/pipelines/value-type.js';
import { buildStep, buildSteps, runAtOnce } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';
import { fp32, int64 } from '../../support/tensors.js';

const free: Dimension = { symbol: null };

function tensorOf(...shape: Dimension[]): ValueType {
  return { kind: 'tensor', datatype: 'FP32', shape };
}

describe('steps on outputs', () => {
  for (const { name, summary, options } of [...tensorSteps, ...scoreSteps]) {
    it(`are described, and so are their options: ${name}`, () => {
      assert.match(summary, /^[A-Z].*[^.]$/);
      const { properties = {} } = z.toJSONSchema(options, { io: 'input' }) as {
        properties?: Record<string, { description?: string }>;
      };
      for (const [option, { description }] of Object.entries(properties)) assert.ok(description, option);
    });
  }
});

describe('select', () => {
  const outputs: ValueType = {
    kind: 'tensors',
    tensors: {
      logits: { datatype: 'FP32', shape: [3] },
      embedding: { datatype: 'FP16', shape: [free, 8] },
      14: { datatype: 'INT64', shape: [] },
    },
  };

  it('takes an output by name, with what is known of it', async () => {
    const { gives, run } = await buildStep(['select', 'embedding'], { given: outputs });
    assert.deepEqual(gives, { kind: 'tensor', datatype: 'FP16', shape: [free, 8] });
    const embedding = fp32([1, 1], 7);
    assert.equal(run({ logits: fp32([3], 1, 2, 3), embedding }), embedding);
  });

  it('takes a name that YAML reads as a number', async () => {
    const { gives, run } = await buildStep(['select', 14], { given: outputs });
    assert.deepEqual(gives, { kind: 'tensor', datatype: 'INT64', shape: [] });
    const output = int64([], 5);
    assert.equal(run({ 14: output }), output);
  });

  it('refuses a name that there is not, and says what there is', async () => {
    await assert.rejects(
      buildStep(['select', 'logit'], { given: outputs }),
      new StepError('there is no output logit (did you mean logits?); expected one of 14, logits, embedding'),
    );
    await assert.rejects(
      buildStep(['select', 'toString'], { given: outputs }),
      new StepError('there is no output toString; expected one of 14, logits, embedding'),
    );
  });

  it('looks for the name when it runs where nothing is known before', async () => {
    const { gives, run } = await buildStep(['select', 'y'], { given: anyOfKind('tensors') });
    assert.deepEqual(gives, anyOfKind('tensor'));
    const y = fp32([], 1);
    assert.equal(run({ y }), y);
    assert.throws(() => run({ x: y }), { message: 'there is no output y' });
  });
});

describe('reshape', () => {
  it('gives the elements in their order another shape, without a copy', async () => {
    const { gives, run } = await buildStep(['reshape', [3, 2]], { given: tensorOf(2, 3) });
    assert.deepEqual(gives, tensorOf(3, 2));
    const tensor = fp32([2, 3], 1, 2, 3, 4, 5, 6);
    assert.deepEqual(run(tensor), { ...tensor, shape: [3, 2] });
    assert.equal((run(tensor) as typeof tensor).data, tensor.data);
  });

  const known: [given: Dimension[], wanted: number[], expected: Dimension[]][] = [
    [[2, 3, 4], [-1], [24]],
    [
      [2, 3, 4],
      [4, -1, 2],
      [4, 3, 2],
    ],
    [[1], [], []],
    [[], [1, 1], [1, 1]],
    [
      [0, 4],
      [-1, 2],
      [0, 2],
    ],
    [
      [free, 4],
      [2, 2],
      [2, 2],
    ],
    [
      [free, 4],
      [-1, 2],
      [free, 2],
    ],
  ];
  for (const [given, wanted, expected] of known) {
    it(`knows that ${shapeText(given)} becomes ${shapeText(expected)} by ${shapeText(wanted)}`, async () => {
      const { gives } = await buildStep(['reshape', wanted], { given: tensorOf(...given) });
      assert.deepEqual(gives, tensorOf(...expected));
    });
  }

  it('refuses at load what cannot be filled', async () => {
    await assert.rejects(
      buildStep(['reshape', [5, 5]], { given: tensorOf(2, 3, 4) }),
      new StepError('[5, 5] takes 25 elements; given tensor FP32[2, 3, 4]'),
    );
    await assert.rejects(
      buildStep(['reshape', [-1, 7]], { given: tensorOf(2, 3, 4) }),
      new StepError('[-1, 7] takes a multiple of 7 elements; given tensor FP32[2, 3, 4]'),
    );
    await assert.rejects(
      buildStep(['reshape', [2 ** 40, 2 ** 40]], { given: tensorOf(1) }),
      new StepError(`[1099511627776, 1099511627776] takes ${2 ** 80} elements; given tensor FP32[1]`),
    );
  });

  it('refuses when it runs what depends on the item', async () => {
    const built = await buildSteps([['reshape', [-1, 4]]], { given: tensorOf(free) });
    assert.deepEqual(runAtOnce(built, fp32([8], 1, 2, 3, 4, 5, 6, 7, 8)), fp32([2, 4], 1, 2, 3, 4, 5, 6, 7, 8));
    assert.throws(() => runAtOnce(built, fp32([6], 1, 2, 3, 4, 5, 6)), {
      code: 'INVALID_INPUT',
      details: { expected: 'a multiple of 4 elements for [-1, 4]', got: 'a tensor of [6]' },
    });
  });

  it('takes no size of 0, no other negative one, and -1 only once', () => {
    const { options } = tensorSteps.find(({ name }) => name === 'reshape') as (typeof tensorSteps)[number];
    for (const shape of [[0], [-2], [1.5], [-1, -1], new Array(17).fill(1)]) {
      assert.equal(options.safeParse({ shape }).success, false, String(shape));
    }
  });

  it('agrees with itself at load and when it runs, whatever divides whatever', async () => {
    const size = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { maxLength: 4 }),
        fc.array(fc.oneof(size, fc.constant(-1)), { maxLength: 4 }),
        async (given, wanted) => {
          fc.pre(wanted.filter((each) => each === -1).length <= 1);
          const count = given.reduce((product, each) => product * each, 1);
          const tensor = fp32(given, ...Array.from({ length: count }, (_, index) => index));
          const late = await buildStep(['reshape', wanted], { given: anyOfKind('tensor') });
          const shapeOf = () => (late.run(tensor) as typeof tensor).shape;
          const early = await buildStep(['reshape', wanted], { given: tensorOf(...given) }).catch(
            (error: Error) => error,
          );
          if (early instanceof Error) assert.throws(shapeOf);
          else assert.deepEqual(early.gives, tensorOf(...shapeOf()));
          if (!(early instanceof Error))
            assert.equal(
              shapeOf().reduce((product, each) => product * each, 1),
              count,
            );
        },
      ),
      propertyRuns(100),
    );
  });
});
