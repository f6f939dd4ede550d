import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { gather, type InferenceRequest } from '#src/batching/batch.js';
import { partOf } from '#src/batching/row-parts.js';
import { sampleItem } from '#src/model/sample-inputs.js';
import { scanRepository } from '#src/repository/model-repository.js';
import { ModelManager } from '#src/serving/model-manager.js';
import type { LoadedModel } from '#src/serving/open-model.js';
import type { ServedModel } from '#src/serving/served-model.js';
import { concatenate } from '#src/tensor/batch-axis.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';
import { projectFile } from '../support/bundled-model.js';
import { mlp } from '../support/load-models.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { propertyRuns } from '../support/property-runs.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { servingContext } from '../support/served-folder.js';

/** By how much a number may differ with the rows that are run beside it. */
interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

const ROWS = 20;
/** That of the probe at load. */
const usual: Tolerance = { relative: 1e-3, absolute: 1e-5 };
/** What models/magika/model.yaml says: a row alone is computed in another way than rows in company. */
const magika: Tolerance = { relative: 0, absolute: 0.02 };
const sameBits: Tolerance = { relative: 0, absolute: 0 };

const tolerances: Readonly<Record<string, Tolerance>> = {
  penguins: usual,
  symbols: usual,
  lande: usual,
  magika,
  mlp: usual,
};

/** Cuts into pieces whose sizes add up to ROWS. */
const partitions = fc.array(fc.integer({ min: 1, max: ROWS }), { minLength: 1, maxLength: 12 }).map((sizes) => {
  const cut: number[] = [];
  let left = ROWS;
  for (const size of sizes) {
    if (left === 0) break;
    cut.push(Math.min(size, left));
    left -= Math.min(size, left);
  }
  return left === 0 ? cut : [...cut, left];
});

for (const deterministic of [false, true, 'padded'] as const) {
  describe(`rows of real models in any partition, with deterministic: ${deterministic}`, () => {
    let manager: ModelManager;
    let folder: ModelFolder;
    before(async () => {
      folder = await createModelFolder({ 'mlp/1/model.onnx': mlp([64, 96, 10]) });
      const models = [
        ...(await scanRepository(projectFile('models'), 1e9)),
        ...(await scanRepository(folder.dir, 1e9)),
      ].map((model) => {
        const config = model.config as { batching?: object } | undefined;
        return { ...model, config: { ...config, batching: { ...config?.batching, deterministic } } };
      });
      manager = new ModelManager(models, servingContext(new RecordedEvents(), { defaultInstances: 2 }));
      await manager.loadAll();
    });
    after(async () => {
      manager.destroy();
      await folder.remove();
    });

    for (const name of ['penguins', 'symbols', 'lande', 'magika', 'mlp']) {
      it(`${name}: every partition gives the same`, async () => {
        const { model } = manager.resolve(name, undefined);
        const { signature, plan } = model.loaded as LoadedModel;
        assert.ok(plan.splits);
        // Of magika the probe finds that it matters where in a batch a row lies.
        const isAlone = deterministic === true || (deterministic === 'padded' && name === 'magika');
        assert.deepEqual(
          [plan.maxBatchSize, plan.fixedRows],
          [isAlone ? 1 : 16, deterministic === 'padded' && !isAlone ? 16 : undefined],
        );
        const items = Array.from({ length: ROWS }, (_, row): InferenceRequest => {
          return { rows: 1, inputs: sampleItem(signature, plan.axes, { row, freeSize: plan.freeSize ?? 8 }) };
        });
        const whole: InferenceRequest = { rows: ROWS, inputs: gather(items, plan.axes) };
        const expected = await answers(
          model,
          whole,
          Array.from({ length: ROWS }, () => 1),
        );
        const tolerance = deterministic !== false ? sameBits : (tolerances[name] as Tolerance);
        const property = fc.asyncProperty(partitions, async (sizes) => {
          assertClose(await answers(model, whole, sizes), expected, tolerance);
        });
        await fc.assert(property, propertyRuns(name === 'magika' ? 2 : 8));
      });
    }
  });
}

/** What the model gives for the rows cut into requests of these sizes, sent all at once and laid together again. */
async function answers(model: ServedModel, whole: InferenceRequest, sizes: readonly number[]): Promise<NamedTensors> {
  const { axes } = (model.loaded as LoadedModel).plan;
  let from = 0;
  const requests = sizes.map((count) => {
    const request = partOf(whole, { from, count }, axes);
    from += count;
    return request;
  });
  const results = await Promise.all(requests.map((request) => model.infer(request, new AbortController().signal)));
  const outputs = results.map((result) => result.outputs as NamedTensors);
  return Object.fromEntries(
    Object.keys(outputs[0] as NamedTensors).map((name) => {
      const parts = outputs.map((each) => each[name] as Tensor);
      return [name, concatenate(parts, axes.outputs[name] ?? 0)];
    }),
  );
}

function assertClose(actual: NamedTensors, expected: NamedTensors, { relative, absolute }: Tolerance): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const tensor = actual[name] as Tensor;
    assert.deepEqual(tensor.shape, shape);
    for (const [index, value] of data.entries()) {
      const other = tensor.data[index];
      if (Object.is(value, other)) continue;
      const [a, b] = [Number(value), Number(other)];
      const limit = relative * Math.max(Math.abs(a), Math.abs(b)) + absolute;
      assert.ok(Math.abs(a - b) <= limit, `${name}[${index}]: ${b} instead of ${a}`);
    }
  }
}
