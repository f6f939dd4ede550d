import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { quirks, refused } from '../support/model-quirks.js';
import { openFolder, patient } from '../support/served-folder.js';
import { plainAll } from '../support/tensors.js';

describe('models as exporters write them', () => {
  let served: Awaited<ReturnType<typeof openFolder>>;
  before(async () => {
    const files = [...quirks, ...refused].map(({ name, model }) => [`${name}/1/model.onnx`, model] as const);
    served = await openFolder(Object.assign(Object.fromEntries(files), ...quirks.map(({ files }) => files)));
    await served.manager.loadAll();
  });
  after(() => served.stop());

  for (const { name, axes, alone, ask, answer } of quirks) {
    it(`${name}: served, ${alone === undefined ? 'in batches' : 'one request at a time'}`, async () => {
      const { model: version } = served.manager.resolve(name, undefined);
      const plan = version.loaded?.plan;
      assert.ok(plan !== undefined);
      assert.deepEqual(plan.axes, axes);
      assert.equal(plan.maxBatchSize, alone === undefined ? 16 : 1);
      assert.match(plan.unbatchedBecause ?? 'batched', alone ?? /^batched$/);
      const { outputs } = await version.infer({ rows: 1, inputs: ask() }, patient);
      assert.deepEqual(plainAll(outputs), answer);
    });
  }

  for (const { name, reason } of refused) {
    it(`${name}: UNAVAILABLE with its reason, which names no folder`, () => {
      const [version] = served.manager.entry(name).versions;
      assert.ok(version !== undefined);
      assert.equal(version.state, 'UNAVAILABLE');
      assert.match(version.reason ?? '', reason);
      assert.doesNotMatch(version.reason ?? '', /\/\w+\//);
      assert.throws(() => served.manager.resolve(name, undefined), { code: 'MODEL_UNAVAILABLE', message: reason });
    });
  }

  it('tells of every model that runs alone, and of no other', () => {
    const told = served.events
      .of('modelNotice')
      .filter(({ notice }) => notice.startsWith('requests run one at a time'));
    const expected = quirks.filter(({ alone }) => alone !== undefined);
    assert.deepEqual(told.map(({ model }) => model).sort(), expected.map(({ name }) => name).sort());
  });

  it('was warmed up without a complaint', () => {
    const told = served.events.of('modelNotice').filter(({ notice }) => notice.includes('warm-up'));
    assert.deepEqual(told, []);
  });
});
