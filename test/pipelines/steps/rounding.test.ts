import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError } from '#src/pipelines/step.js';
import { tensorSteps } from '#src/pipelines/steps/tensor-steps.js';
import { anyOfKind, type Label, type ValueType } from '#src/pipelines/value-type.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';
import { fp32, int64 } from '../../support/tensors.js';

const scores = anyOfKind('scores');

async function roundedTo(digits: number, ...values: number[]): Promise<number[]> {
  const { run } = await buildStep(['round', digits], { given: scores });
  return [...(run(values) as Float64Array)];
}

describe('round', () => {
  it('leaves text of no more digits than asked for, whatever the number was held in', async () => {
    const { run, gives } = await buildStep(['round', 4], { given: { kind: 'scores', count: 3 } });
    assert.deepEqual(gives, { kind: 'scores', count: 3 });
    const rounded = run(Float32Array.of(0.9982637763023376, 1 / 3, 2)) as Float64Array;
    assert.equal(JSON.stringify([...rounded]), '[0.9983,0.3333,2]');
  });

  it('makes floats of a tensor FP64', async () => {
    const halves: Tensor = { datatype: 'FP16', shape: [2], data: Uint16Array.of(0x2e66, 0xc248) };
    const tensors: [Tensor, number[]][] = [
      [fp32([1, 2], 0.126, -1.999), [0.13, -2]],
      [{ datatype: 'FP64', shape: [2], data: Float64Array.of(0.126, 1e300) }, [0.13, 1e300]],
      [halves, [0.1, -3.14]],
    ];
    for (const [tensor, values] of tensors) {
      const { datatype } = tensor;
      const { run, gives } = await buildStep(['round', 2], {
        given: { kind: 'tensor', datatype, shape: tensor.shape },
      });
      assert.deepEqual(gives, { kind: 'tensor', datatype: 'FP64', shape: tensor.shape });
      assert.deepEqual(run(tensor), { datatype: 'FP64', shape: tensor.shape, data: Float64Array.from(values) });
    }
  });

  it('leaves whole numbers as they are', async () => {
    const type: ValueType = { kind: 'tensor', datatype: 'INT64', shape: [1] };
    for (const given of [type, anyOfKind('tensor')]) {
      const { run, gives } = await buildStep(['round', 2], { given });
      assert.deepEqual(gives, given);
      const tensor: Tensor = { ...int64([1]), data: BigInt64Array.of(2n ** 62n + 1n) };
      assert.equal(run(tensor), tensor);
    }
  });

  it('rounds of labels only the score', async () => {
    const labels: Label[] = [
      { label: 'a', score: 0.98765, share: 0.98765 },
      { label: 'b', score: 0.00001 },
    ];
    const { run } = await buildStep(['round', 2], { given: anyOfKind('labels') });
    const rounded = run(labels);
    assert.equal(JSON.stringify(rounded), '[{"label":"a","score":0.99,"share":0.98765},{"label":"b","score":0}]');
    assert.equal(labels[0]?.score, 0.98765);
  });

  it('refuses text', async () => {
    const text: ValueType = { kind: 'tensor', datatype: 'BYTES', shape: [2] };
    await assert.rejects(
      buildStep(['round', 2], { given: text }),
      new StepError('expected numbers; given tensor BYTES[2]'),
    );
  });

  it('takes from 0 to 9 digits', () => {
    const { options } = tensorSteps.find(({ name }) => name === 'round') as (typeof tensorSteps)[number];
    const isTaken = (digits: unknown) => options.safeParse({ digits }).success;
    assert.deepEqual([0, 9, -1, 10, 1.5, undefined].map(isTaken), [true, true, false, false, false, false]);
  });

  it('rounds from halfway on away from zero, and never to -0', async () => {
    assert.deepEqual(await roundedTo(0, 0.5, 1.5, 2.5, -0.5, -2.5), [1, 2, 3, -1, -3]);
    assert.deepEqual(await roundedTo(2, 0.125, -0.125, 0.375), [0.13, -0.13, 0.38]);
    assert.deepEqual(await roundedTo(2, -0.001, -0), [0, 0]);
  });

  it('leaves what is no finite number for the answer to refuse', async () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE];
    assert.deepEqual(await roundedTo(9, ...odd), odd);
  });

  // toFixed rounds the exact decimal value, halves away from zero.
  it('is exact for float32', async () => {
    const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -4096, max: 4096 });
    await fc.assert(
      fc.asyncProperty(float, fc.integer({ min: 0, max: 9 }), async (value, digits) => {
        const [rounded] = await roundedTo(digits, value);
        // The sum with 0 makes -0 into 0.
        assert.equal(rounded, Number(value.toFixed(digits)) + 0);
      }),
      propertyRuns(1000),
    );
  });

  it('is off by at most a half of the last digit for doubles, and short', async () => {
    const double = fc.double({ noNaN: true, min: -1000, max: 1000 });
    await fc.assert(
      fc.asyncProperty(double, fc.integer({ min: 0, max: 9 }), async (value, digits) => {
        const [rounded = Number.NaN] = await roundedTo(digits, value);
        assert.ok(Math.abs(rounded - value) <= 0.5 * 10 ** -digits * (1 + 1e-6), `${value} became ${rounded}`);
        assert.equal(rounded, Number(rounded.toFixed(digits)));
      }),
      propertyRuns(1000),
    );
  });
});
