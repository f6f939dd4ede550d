import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError, type Value } from '#src/pipelines/step.js';
import { scoreSteps } from '#src/pipelines/steps/score-steps.js';
import { anyOfKind, type ValueType } from '#src/pipelines/value-type.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep, type WrittenStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';
import { fp32 } from '../../support/tensors.js';

const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
const free = { symbol: null };
const scores = anyOfKind('scores');

function fp64(shape: readonly number[], ...values: number[]): Tensor {
  return { datatype: 'FP64', shape, data: Float64Array.from(values) };
}

function halves(shape: readonly number[], ...values: number[]): Tensor {
  return { datatype: 'FP16', shape, data: Uint16Array.from(values, numberToHalf) };
}

async function run(written: WrittenStep, value: Value, type: ValueType): Promise<unknown> {
  return (await buildStep(written, { given: type })).run(value);
}

/** Of scores in double precision, which nothing is lost of. */
async function ofDoubles(written: WrittenStep, ...values: number[]): Promise<number[]> {
  return [...((await run(written, values, scores)) as Float64Array)];
}

function assertNear(actual: readonly number[], expected: readonly number[], tolerance = 1e-15): void {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of expected.entries()) {
    const got = actual[index] as number;
    assert.ok(Math.abs(got - value) <= tolerance * Math.abs(value), `element ${index}: ${got}, not ${value}`);
  }
}

// Worked out with 40 digits.
const softmaxOf123 = [0.09003057317038046, 0.24472847105479764, 0.6652409557748219];
const softmaxOf123At2 = [0.1863237232258476, 0.3071958857184984, 0.506480391055654];

describe('softmax', () => {
  it('makes logits into probabilities', async () => {
    assertNear(await ofDoubles(['softmax'], 1, 2, 3), softmaxOf123);
    assertNear(await ofDoubles(['softmax'], 5), [1]);
    assert.deepEqual(await ofDoubles(['softmax']), []);
  });

  it('divides by the temperature', async () => {
    assertNear(await ofDoubles(['softmax', { temperature: 2 }], 1, 2, 3), softmaxOf123At2);
    assertNear(await ofDoubles(['softmax', { temperature: 0.5 }], 0.5, 1, 1.5), softmaxOf123);
    const { options } = scoreSteps.find(({ name }) => name === 'softmax') as (typeof scoreSteps)[number];
    assert.deepEqual(
      [0, -1, infinity].map((temperature) => options.safeParse({ temperature }).success),
      [false, false, false],
    );
  });

  it('stands logits of any size', async () => {
    assertNear(
      await ofDoubles(['softmax', { temperature: 2 }], 1000, 1001, 999.5),
      [0.29175596372884977, 0.48102426325336967, 0.2272197730177806],
    );
    assert.deepEqual(await ofDoubles(['softmax'], -1e308, 1e308), [0, 1]);
    assert.deepEqual(await ofDoubles(['softmax', { temperature: Number.MIN_VALUE }], 1, 1, 0), [0.5, 0.5, 0]);
  });

  it('makes scores of a tensor of one dimension, in the precision that it came in', async () => {
    const type = (datatype: Tensor['datatype'], count: number | typeof free = 3): ValueType => {
      return { kind: 'tensor', datatype, shape: [count] };
    };
    const step = await buildStep(['softmax'], { given: type('FP32') });
    assert.deepEqual(step.gives, { kind: 'scores', count: 3 });
    assert.deepEqual(step.run(fp32([3], 1, 2, 3)), Float32Array.from(softmaxOf123));
    assert.deepEqual((await buildStep(['softmax'], { given: type('FP32', free) })).gives, {
      kind: 'scores',
      count: undefined,
    });
    assert.deepEqual(await run(['softmax'], halves([3], 1, 2, 3), type('FP16')), Float32Array.from(softmaxOf123));
    const doubles = await run(['softmax'], fp64([3], 1, 2, 3), type('FP64'));
    assert.ok(doubles instanceof Float64Array);
    assertNear([...doubles], softmaxOf123);
    const integers: Tensor = { datatype: 'INT64', shape: [3], data: BigInt64Array.of(1n, 2n, 3n) };
    assert.deepEqual(await run(['softmax'], integers, type('INT64')), Float32Array.from(softmaxOf123));
  });

  it('keeps scores in the precision that they came in', async () => {
    const single = await run(['softmax'], Float32Array.of(1, 2, 3), { kind: 'scores', count: 3 });
    assert.deepEqual(single, Float32Array.from(softmaxOf123));
  });

  it('leaves what it is given as it is', async () => {
    const tensor = fp32([3], 1, 2, 3);
    await run(['softmax'], tensor, { kind: 'tensor', datatype: 'FP32', shape: [3] });
    assert.deepEqual(tensor, fp32([3], 1, 2, 3));
  });

  it('works along the last axis of a tensor of several, which stays a tensor', async () => {
    const type: ValueType = { kind: 'tensor', datatype: 'FP32', shape: [free, 1, 3] };
    const { gives } = await buildStep(['softmax', { temperature: 2 }], { given: type });
    assert.deepEqual(gives, type);
    const given = fp32([2, 1, 3], 1, 2, 3, 101, 102, 103);
    const expected = fp32([2, 1, 3], ...softmaxOf123At2, ...softmaxOf123At2);
    assert.deepEqual(await run(['softmax', { temperature: 2 }], given, type), expected);
    const half: ValueType = { ...type, datatype: 'FP16' };
    assert.deepEqual((await buildStep(['softmax'], { given: half })).gives, type);
    assert.deepEqual(await run(['softmax'], halves([1, 1, 3], 1, 2, 3), half), fp32([1, 1, 3], ...softmaxOf123));
    assert.deepEqual(await run(['softmax'], fp32([2, 1, 0]), type), fp32([2, 1, 0]));
  });

  it('takes -Infinity for a class that is ruled out', async () => {
    const [first, ...others] = await ofDoubles(['softmax'], -infinity, 1, 2, 3);
    assert.equal(first, 0);
    assertNear(others, softmaxOf123);
  });

  const unusable: [values: number[], got: string][] = [
    [[1, nan, 3], 'NaN in element 1'],
    [[1, 2, infinity], 'Infinity in element 2'],
    [[-infinity, -infinity], '-Infinity in element 0'],
  ];
  for (const [values, got] of unusable) {
    it(`refuses ${values.join(', ')}`, async () => {
      await assert.rejects(ofDoubles(['softmax'], ...values), {
        code: 'OUTPUT_NOT_FINITE',
        details: { path: 'output', expected: 'finite numbers', got },
      });
    });
  }

  it('names the element in a tensor of several dimensions', async () => {
    const type: ValueType = { kind: 'tensor', datatype: 'FP32', shape: [2, 2] };
    await assert.rejects(run(['softmax'], fp32([2, 2], 1, 2, -infinity, -infinity), type), {
      code: 'OUTPUT_NOT_FINITE',
      details: { path: 'output', expected: 'finite numbers', got: '-Infinity in element 2' },
    });
  });

  it('refuses at load what it cannot work on', async () => {
    const refused: [ValueType, string][] = [
      [{ kind: 'tensor', datatype: 'BYTES', shape: [3] }, 'expected numbers; given tensor BYTES[3]'],
      [{ kind: 'tensor', datatype: 'FP32', shape: [] }, 'expected at least one dimension; given tensor FP32[]'],
      [anyOfKind('tensor'), 'expected a known number of dimensions; given tensor; reshape can fix it'],
    ];
    for (const [type, message] of refused) {
      for (const name of ['softmax', 'sigmoid'])
        await assert.rejects(buildStep([name], { given: type }), new StepError(message));
    }
  });

  it('fails on a tensor of more dimensions than the model declares', async () => {
    const type: ValueType = { kind: 'tensor', datatype: 'FP32', shape: [3] };
    await assert.rejects(run(['softmax'], fp32([2, 3], 1, 2, 3, 4, 5, 6), type), {
      message: 'expected a tensor of 1 dimensions; the model gave [2, 3]',
    });
  });

  const logit = fc.double({ min: -700, max: 700, noNaN: true });
  const logits = fc.array(logit, { minLength: 1, maxLength: 20 });

  it('sums up to 1, keeps the order, and is what the formula says', async () => {
    await fc.assert(
      fc.asyncProperty(logits, fc.double({ min: 0.1, max: 10, noNaN: true }), async (values, temperature) => {
        const probabilities = await ofDoubles(['softmax', { temperature }], ...values);
        assert.ok(Math.abs(probabilities.reduce((sum, each) => sum + each, 0) - 1) < 1e-12);
        for (const [one, probability] of probabilities.entries()) {
          // 1 / Σ e^((z − zᵢ)/T): the same formula, divided by its numerator.
          const others = values.map((value) => Math.exp((value - (values[one] as number)) / temperature));
          const expected = 1 / others.reduce((sum, each) => sum + each, 0);
          assert.ok(Math.abs(probability - expected) <= 1e-10 * expected + 1e-300, `${probability}, not ${expected}`);
        }
      }),
      propertyRuns(200),
    );
  });

  it('does not change when all logits are shifted', async () => {
    const whole = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(whole, fc.integer({ min: -1e6, max: 1e6 }), async (values, shift) => {
        const shifted = await ofDoubles(['softmax'], ...values.map((value) => value + shift));
        assert.deepEqual(shifted, await ofDoubles(['softmax'], ...values));
      }),
      propertyRuns(200),
    );
  });
});

describe('sigmoid', () => {
  // Worked out with 40 digits.
  const known: [logit: number, probability: number][] = [
    [0, 0.5],
    [1, 0.7310585786300049],
    [-1, 0.2689414213699951],
    [4.5, 0.9890130573694068],
    [-30, 9.357622968839299e-14],
    [-100, 3.720075976020836e-44],
    [800, 1],
    [-800, 0],
    [infinity, 1],
    [-infinity, 0],
  ];

  it('makes each logit into a probability by itself', async () => {
    const probabilities = await ofDoubles(['sigmoid'], ...known.map(([logit]) => logit));
    assertNear(
      probabilities,
      known.map(([, probability]) => probability),
    );
  });

  it('makes scores of a tensor of one dimension, and leaves others what they are', async () => {
    const vector: ValueType = { kind: 'tensor', datatype: 'FP16', shape: [2] };
    assert.deepEqual((await buildStep(['sigmoid'], { given: vector })).gives, { kind: 'scores', count: 2 });
    const expected = [0.7310585786300049, 0.2689414213699951];
    assert.deepEqual(await run(['sigmoid'], halves([2], 1, -1), vector), Float32Array.from(expected));
    const matrix: ValueType = { kind: 'tensor', datatype: 'FP64', shape: [2, free] };
    assert.deepEqual((await buildStep(['sigmoid'], { given: matrix })).gives, matrix);
    assert.deepEqual(await run(['sigmoid'], fp64([2, 1], 0, 800), matrix), fp64([2, 1], 0.5, 1));
  });

  it('refuses NaN', async () => {
    await assert.rejects(ofDoubles(['sigmoid'], 1, nan), {
      code: 'OUTPUT_NOT_FINITE',
      details: { path: 'output', expected: 'finite numbers', got: 'NaN in element 1' },
    });
  });

  it('is the softmax of a logit beside 0', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (logit) => {
        const [expected = nan] = await ofDoubles(['softmax'], logit, 0);
        assertNear(await ofDoubles(['sigmoid'], logit), [expected], 1e-14);
      }),
      propertyRuns(300),
    );
  });
});
