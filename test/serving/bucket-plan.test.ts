import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { batchingSchema } from '#src/batching/batching-config.js';
import { planBatching } from '#src/serving/batching-plan.js';
import { fixedBatchOne, twoDynamicAxes } from '../support/fixture-models.js';
import { model, node } from '../support/model-parts.js';
import { loadInstance } from '../support/onnx-instances.js';
import { patient, serveFolder } from '../support/served-folder.js';
import { fp32, plainAll } from '../support/tensors.js';

async function plan(t: TestContext, file: Uint8Array, batching: object) {
  const instance = await loadInstance(t, file);
  const config = batchingSchema.parse({ shapes: 'bucket', ...batching });
  return planBatching(instance.signature, config, async (inputs) => (await instance.run(inputs)).outputs);
}

const sums = { inputs: { x: 1 }, outputs: { y: 1 }, sizes: [4, 8] };

/** y = x − mean of x over its sequence: padding changes it. */
const centred = model({ x: ['batch', 'seq'] }, { y: ['batch', 'seq'] }, [
  node('ReduceMean', ['x'], 'mean', { axes: { ints: [1] } }),
  node('Sub', ['x', 'mean'], 'y'),
]);

describe('the plan for shape buckets', () => {
  it('has them where padding does no harm', async (t) => {
    const { buckets, exactBecause } = await plan(t, twoDynamicAxes(), { buckets: [sums] });
    assert.deepEqual([buckets?.sizes, exactBecause], [[4, 8], undefined]);
    const multiples = await plan(t, twoDynamicAxes(), { buckets: [{ ...sums, sizes: 8 }] });
    assert.deepEqual([multiples.buckets?.sizes, multiples.exactBecause], [[], undefined]);
  });

  it('has none where padding changes what a row gives, or the outputs are not cut back, and says so', async (t) => {
    const harmed = await plan(t, centred, { buckets: [sums] });
    assert.equal(harmed.buckets, undefined);
    assert.equal(harmed.exactBecause, 'padding changes output y: size 3, padded, does not give what it gives alone');
    const uncut = await plan(t, twoDynamicAxes(), { buckets: [{ ...sums, outputs: {} }] });
    assert.match(uncut.exactBecause ?? '', /padding changes output y/);
  });

  it('has none unless model.yaml says so', async (t) => {
    const { buckets, exactBecause } = await plan(t, twoDynamicAxes(), { shapes: 'exact', buckets: [sums] });
    assert.deepEqual([buckets, exactBecause], [undefined, undefined]);
  });

  const mistakes: [batching: object, message: RegExp][] = [
    [{}, /^batching\.buckets: expected at least one/],
    [{ buckets: [{ ...sums, inputs: { z: 1 } }] }, /^batching\.buckets\[0\]\.inputs\.z: .*no such tensor; it has x/],
    [{ buckets: [sums, { ...sums, outputs: { x: 1 } }] }, /^batching\.buckets\[1\]\.outputs\.x: .*no such tensor/],
    [{ buckets: [{ ...sums, inputs: { x: 2 } }] }, /inputs\.x: expected an axis from 0 to 1; got 2/],
    [{ buckets: [{ ...sums, inputs: { x: 0 } }] }, /inputs\.x: axis 0 is the batch axis/],
    [{ buckets: [{ ...sums, padding: { x: 'a' } }] }, /padding\.x: FP32 does not hold "a"/],
  ];
  for (const [batching, message] of mistakes) {
    it(`refuses ${JSON.stringify(batching)}`, async (t) => {
      await assert.rejects(plan(t, twoDynamicAxes(), batching), { message });
    });
  }

  it('refuses a dimension of a fixed size', async (t) => {
    const fixed = plan(t, fixedBatchOne(), { buckets: [{ ...sums }] });
    await assert.rejects(fixed, { message: /inputs\.x: axis 1 has the fixed size 4, which cannot be padded/ });
  });
});

describe('a model with shape buckets', () => {
  const yaml = 'batching: {shapes: bucket, buckets: [{inputs: {x: 1}, outputs: {y: 1}, sizes: [4, 8]}]}';

  it('answers each request as if it had been alone, from one batch', async (t) => {
    const { manager, events } = await serveFolder(t, { 'm/1/model.onnx': twoDynamicAxes(), 'm/model.yaml': yaml });
    const { model: served } = manager.resolve('m', undefined);
    const requests = [fp32([1, 2], 1, 2), fp32([1, 3], 1, 2, 3), fp32([1, 4], 1, 2, 3, 4)];
    const results = await Promise.all(requests.map((x) => served.infer({ rows: 1, inputs: { x } }, patient)));
    assert.deepEqual(
      results.map(({ batchRows, outputs }) => [batchRows, plainAll(outputs)['y']]),
      [
        [3, { shape: [1, 2], values: [1, 3] }],
        [3, { shape: [1, 3], values: [1, 3, 6] }],
        [3, { shape: [1, 4], values: [1, 3, 6, 10] }],
      ],
    );
    assert.equal(events.of('modelNotice').length, 0);
  });

  it('keeps exact sizes where padding does harm, and tells the operator', async (t) => {
    const { manager, events } = await serveFolder(t, { 'm/1/model.onnx': centred, 'm/model.yaml': yaml });
    const { model: served } = manager.resolve('m', undefined);
    const { outputs } = await served.infer({ rows: 1, inputs: { x: fp32([1, 3], 1, 2, 3) } }, patient);
    assert.deepEqual(plainAll(outputs)['y'], { shape: [1, 3], values: [-1, 0, 1] });
    assert.match(events.of('modelNotice')[0]?.notice ?? '', /^sizes are not rounded up: padding changes output y/);
  });
});
