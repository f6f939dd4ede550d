import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { batchingSchema } from '#src/batching/batching-config.js';
import { ShapeBuckets } from '#src/batching/shape-buckets.js';
import { sampleItem } from '#src/model/sample-inputs.js';
import type { BatchingPlan } from '#src/serving/batching-plan.js';
import { type WarmUpRun, warmUp, warmUpRuns, warmUpSizes } from '#src/serving/warm-up.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import { BackendInstance, FakeBackend } from '../support/fake-backend.js';
import { fakeServedModel } from '../support/fake-served-model.js';
import { affine } from '../support/fixture-models.js';
import type { FolderContents } from '../support/model-folder.js';
import { cpuSpec } from '../support/onnx-instances.js';
import { serveFolder } from '../support/served-folder.js';
import { signature } from '../support/signatures.js';

describe('warmUpSizes', () => {
  it('doubles up to the maximum, and ends with it', () => {
    assert.deepEqual([1, 2, 3, 12, 16].map(warmUpSizes), [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8, 12], [1, 2, 4, 8, 16]]);
  });
});

const declared = signature({ x: ['T', 'N', 2], rate: ['INT64', []] }, { y: ['T', 'N', 2] });
const plan: BatchingPlan = {
  axes: { inputs: { x: 1, rate: null }, outputs: { y: 1 } },
  maxBatchSize: 3,
  unbatchedBecause: undefined,
  splits: true,
  freeSize: 5,
  buckets: undefined,
  exactBecause: undefined,
  fixedRows: undefined,
};

/** The shapes that an instance is given by these runs. */
async function shapesIn(given: BatchingPlan, runs: readonly WarmUpRun[]) {
  const backend = new FakeBackend();
  const seen: Record<string, readonly number[]>[] = [];
  backend.onRun = async (inputs: NamedTensors) => {
    seen.push(Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])));
    // As a worker does: what it was given is gone from here.
    for (const { data } of Object.values(inputs))
      structuredClone(data, { transfer: [(data as Float32Array).buffer as ArrayBuffer] });
    return {};
  };
  let told = 0;
  const onRun = () => (told += 1);
  await warmUp(new BackendInstance(cpuSpec('model.onnx'), backend), given, { runs, onRun });
  assert.equal(told, runs.length);
  return seen;
}

describe('the runs of a warm-up', () => {
  const bucket = batchingSchema.parse({ buckets: [{ inputs: { x: 0 }, sizes: [2, 6] }] }).buckets;

  it('are one for each size along the batch axis, at the free size that is known to work', async () => {
    const expected = [1, 2, 3].map((rows) => ({ x: [5, rows, 2], rate: [] }));
    assert.deepEqual(await shapesIn(plan, warmUpRuns(declared, plan)), expected);
  });

  it('give free dimensions 8 where no size is known', async () => {
    const unknown = { ...plan, freeSize: undefined };
    assert.deepEqual((await shapesIn(unknown, warmUpRuns(declared, unknown)))[0], { x: [8, 1, 2], rate: [] });
  });

  it('are one for each size of batch and each size of the grid', async () => {
    const gridded = { ...plan, maxBatchSize: 2, buckets: new ShapeBuckets(bucket, 0.5, plan.axes) };
    const expected = [2, 2, 6, 6].map((size, index) => ({ x: [size, 1 + (index % 2), 2], rate: [] }));
    assert.deepEqual(await shapesIn(gridded, warmUpRuns(declared, gridded)), expected);
  });

  it('have the one size that all executions will have', async () => {
    const fixed = { ...plan, fixedRows: 3 };
    assert.deepEqual(await shapesIn(fixed, warmUpRuns(declared, fixed)), [{ x: [5, 3, 2], rate: [] }]);
  });

  it('are of recorded rows where there are any, each shape once', async () => {
    const row = (size: number) => ({ rows: 1, inputs: sampleItem(declared, plan.axes, { row: 0, freeSize: size }) });
    const small = { ...plan, maxBatchSize: 1 };
    const recorded = await shapesIn(small, warmUpRuns(declared, small, [row(3), row(7), row(3)]));
    assert.deepEqual(
      recorded.map(({ x }) => x),
      [
        [3, 1, 2],
        [7, 1, 2],
      ],
    );
    const gridded = { ...small, buckets: new ShapeBuckets(bucket, 0.5, plan.axes) };
    const fitted = await shapesIn(gridded, warmUpRuns(declared, gridded, [row(4), row(5)]));
    assert.deepEqual(
      fitted.map(({ x }) => x),
      [[6, 1, 2]],
    );
  });

  it('leave out batches larger than 64 MiB, without making them', () => {
    const rowsRun = (columns: number) => {
      const wide = signature({ x: ['FP64', ['N', columns]] }, {});
      const axes = { inputs: { x: 0 }, outputs: {} };
      return warmUpRuns(wide, { ...plan, axes, maxBatchSize: 8 }).map(({ rows }) => rows);
    };
    const mebi = 2 ** 20;
    assert.deepEqual(rowsRun(4 * mebi), [1, 2]);
    // No machine could make such a row.
    assert.deepEqual(rowsRun(2 ** 40), []);
  });
});

describe('a model that warms up', () => {
  it('says how far it is while it loads', async () => {
    const yaml = { instances: { count: 2 }, batching: { max_batch_size: 4 } };
    const { model, backend, clock } = fakeServedModel({ yaml });
    let runs = 0;
    const seen: unknown[] = [];
    backend.onRun = async ({ x }) => {
      runs += 1;
      seen.push(model.warmUp);
      return x === undefined ? {} : { y: x };
    };
    assert.equal(model.warmUp, undefined);
    await model.load();
    await clock.settle();
    // Four runs of the probe, and three of the warm-up on each of two instances.
    assert.equal(runs, 10);
    assert.deepEqual(seen.slice(0, 5), [undefined, undefined, undefined, undefined, undefined]);
    // The two instances run their last at the same time.
    assert.deepEqual(seen.at(-1), { done: 4, total: 6 });
    assert.deepEqual([model.state, model.warmUp], ['READY', undefined]);
  });
});

describe('recorded samples', () => {
  const load = async (t: TestContext, samples: string, config = '', files: FolderContents = {}) => {
    const yaml = `warmup: {samples: samples.json}\n${config}`;
    const contents = { 'm/1/model.onnx': affine(), 'm/model.yaml': yaml, 'm/samples.json': samples, ...files };
    const { manager, events } = await serveFolder(t, contents);
    const [version] = manager.served;
    return { version, notices: events.of('modelNotice').map(({ notice }) => notice) };
  };

  it('are run as they are sent to the model', async (t) => {
    const { version, notices } = await load(t, '[{"x": [1, 2, 3, 4]}, {"x": [0.5, 0, 0, 1]}]');
    assert.deepEqual([version?.state, notices], ['READY', []]);
  });

  it('go through the preprocessing of a model with a pipeline', async (t) => {
    const columns = '[{name: a}, {name: b}, {name: c}, {name: d}]';
    const pipeline = `pipeline: {preprocess: [{columns: ${columns}}]}`;
    const { version, notices } = await load(t, '[{"a": 1, "b": 2, "c": 3, "d": 4}]', pipeline);
    assert.deepEqual([version?.state, notices], ['READY', []]);
    const wrong = await load(t, '[{"a": 1, "b": 2, "c": 3}]', pipeline);
    assert.match(wrong.version?.reason ?? '', /m\/model\.yaml: warmup\.samples: samples\.json\[0\]: /);
  });

  const mistakes: [samples: string, reason: RegExp][] = [
    ['[', /warmup\.samples: samples\.json: .*JSON/],
    ['[]', /samples\.json: expected an array of items/],
    ['{"x": [1, 2, 3, 4]}', /samples\.json: expected an array of items/],
    ['[{"x": [1, 2, 3, 4]}, [1]]', /samples\.json\[1\]: expected an object with x/],
    ['[{"x": [1, 2, 3]}]', /samples\.json\[0\]: x: the shape \[3\] does not fit/],
    ['[{"x": [[1], [2], [3], [4]]}]', /x: the shape \[4, 1\] does not fit/],
    ['[{"x": [1, 2, 3, "4"]}]', /x: FP32 does not hold "4"/],
    ['[{"x": [1, 2, 3, 1e99]}]', /x: FP32 does not hold 1e\+99/],
  ];
  for (const [samples, reason] of mistakes) {
    it(`are refused when they are ${samples}`, async (t) => {
      const { version } = await load(t, samples);
      assert.equal(version?.state, 'UNAVAILABLE');
      assert.match(version.reason ?? '', reason);
    });
  }
});
