import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { batchingSchema } from '#src/batching/batching-config.js';
import { planBatching } from '#src/serving/batching-plan.js';
import * as models from '../support/fixture-models.js';
import { int64 as int64Constant, model, node } from '../support/model-parts.js';
import { loadInstance } from '../support/onnx-instances.js';

/** The plan for a model under this `batching` section, and how often the model was run for it. */
async function plan(t: TestContext, file: Uint8Array, config: object = {}) {
  const instance = await loadInstance(t, file);
  let runs = 0;
  const planned = await planBatching(instance.signature, batchingSchema.parse(config), async (inputs) => {
    runs += 1;
    return (await instance.run(inputs)).outputs;
  });
  return { ...planned, runs };
}

/** Running sum over axis 0 of [T, S]: rows lie on axis 1, but the signature puts T first. */
const sumOverFirstAxis = model(
  { x: ['T', 'S'] },
  { y: ['T', 'S'] },
  [node('CumSum', ['x', 'axis'], 'y')],
  [int64Constant('axis', 0)],
);

describe('planBatching', () => {
  it('gives a batchable model its axes and the size of the other free dimensions that works', async (t) => {
    const { runs, ...planned } = await plan(t, models.minimumLength(12), { max_batch_size: 5 });
    assert.deepEqual(planned, {
      axes: { inputs: { x: 0 }, outputs: { y: 0 } },
      maxBatchSize: 5,
      unbatchedBecause: undefined,
      splits: true,
      freeSize: 16,
      buckets: undefined,
      exactBecause: undefined,
      fixedRows: undefined,
    });
    assert.ok(runs > 0);
  });

  it('goes on to the next axis that may be the batch when the first is not', async (t) => {
    const { axes, maxBatchSize } = await plan(t, sumOverFirstAxis);
    assert.deepEqual([axes, maxBatchSize], [{ inputs: { x: 1 }, outputs: { y: 1 } }, 16]);
  });

  it('never batches along an axis that model.yaml names and the probe refuses', async (t) => {
    const { axes, maxBatchSize, unbatchedBecause } = await plan(t, sumOverFirstAxis, { axes: { inputs: { x: 0 } } });
    assert.equal(maxBatchSize, 1);
    assert.equal(axes.inputs['x'], 0);
    assert.match(unbatchedBecause ?? '', /rows influence each other/);
  });

  it('batches along the axis that model.yaml names instead of that of the signature', async (t) => {
    const axes = { inputs: { x: 1 }, outputs: { y: 1 } };
    const planned = await plan(t, sumOverFirstAxis, { axes });
    assert.deepEqual([planned.axes, planned.maxBatchSize], [axes, 16]);
  });

  it('lets model.yaml name the axis of a model whose first dimension is 1', async (t) => {
    const axes = { inputs: { x: 1 }, outputs: { y: 1 } };
    const planned = await plan(t, models.timeMajor(1), { axes });
    assert.deepEqual([planned.axes, planned.maxBatchSize], [axes, 16]);
  });

  it('lets model.yaml name an input that the whole batch shares', async (t) => {
    const sum = model({ x: ['N', 2], bias: ['M', 2] }, { y: ['N', 2] }, [
      node('ReduceSum', ['bias'], 'sum', { keepdims: { int: 0 } }),
      node('Add', ['x', 'sum'], 'y'),
    ]);
    const { axes, maxBatchSize } = await plan(t, sum, { axes: { inputs: { bias: 'shared' } } });
    assert.deepEqual([axes, maxBatchSize], [{ inputs: { x: 0, bias: null }, outputs: { y: 0 } }, 16]);
  });

  it('runs requests alone where max_batch_size is 1', async (t) => {
    const { maxBatchSize, unbatchedBecause } = await plan(t, models.affine(), { max_batch_size: 1 });
    assert.deepEqual([maxBatchSize, unbatchedBecause], [1, 'max_batch_size is 1']);
  });

  it('runs nothing for a model that cannot be batched', async (t) => {
    for (const file of [models.fixedBatchOne(), models.noBatchAxis()]) {
      const { runs, maxBatchSize } = await plan(t, file);
      assert.deepEqual([runs, maxBatchSize], [0, 1]);
    }
  });

  it('finds the same axes whether requests will share batches or not', async (t) => {
    const { axes } = await plan(t, models.hiddenOutputAxis(), { max_batch_size: 1 });
    assert.deepEqual(axes, { inputs: { x: 0 }, outputs: { y: 1 } });
  });

  it('takes the word of the operator for rows that the probe would refuse', async (t) => {
    const { maxBatchSize, unbatchedBecause } = await plan(t, models.rowsInteract(), { rows_independent: true });
    assert.deepEqual([maxBatchSize, unbatchedBecause], [16, undefined]);
  });

  it('runs requests alone where generated rows could not be run, and says what happened', async (t) => {
    const { maxBatchSize, unbatchedBecause } = await plan(t, models.minimumLength(40));
    assert.equal(maxBatchSize, 1);
    assert.match(unbatchedBecause ?? '', /generated rows could not be run \(with free dimensions of 8: .*of 16: /);
  });

  it('lets requests be run in parts only where rows are independent and those of the outputs are known', async (t) => {
    const splits = async (file: Uint8Array, config: object = {}) => (await plan(t, file, config)).splits;
    assert.equal(await splits(models.affine(), { max_batch_size: 1 }), true);
    assert.equal(await splits(models.fixedBatchOne()), true);
    assert.equal(await splits(models.rowsInteract()), false);
    assert.equal(await splits(models.rowsInteract(), { max_batch_size: 1 }), false);
    assert.equal(await splits(models.rowsInteract(), { rows_independent: true }), true);
    assert.equal(await splits(models.noBatchAxis()), false);
    const scalarAnswer = model({ x: [1, 2] }, { y: [] }, [node('ReduceSum', ['x'], 'y', { keepdims: { int: 0 } })]);
    assert.equal(await splits(scalarAnswer), false);
  });

  const mistakes = [
    { axes: { inputs: { z: 0 } }, message: /^batching\.axes\.inputs\.z: .*no such tensor.*x/ },
    { axes: { outputs: { x: 0 } }, message: /^batching\.axes\.outputs\.x: .*no such tensor.*y/ },
    { axes: { inputs: { x: 2 } }, message: /^batching\.axes\.inputs\.x: expected an axis from 0 to 1; got 2/ },
    { axes: { outputs: { y: 7 } }, message: /^batching\.axes\.outputs\.y: expected an axis from 0 to 1; got 7/ },
  ];
  for (const { axes, message } of mistakes) {
    it(`refuses the correction ${JSON.stringify(axes)}`, async (t) => {
      await assert.rejects(plan(t, models.affine(), { axes }), { message });
    });
  }

  it('says of a scalar that it has no axis at all', async (t) => {
    const planned = plan(t, models.scalarModel(), { axes: { inputs: { x: 0 } } });
    await assert.rejects(planned, (error: Error) => {
      assert.match(error.message, /^batching\.axes\.inputs\.x: /);
      assert.doesNotMatch(error.message, /-1/);
      return true;
    });
  });
});
