import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ServingContext } from '#src/serving/open-model.js';
import { affine, sharedInput } from '../support/fixture-models.js';
import { cpuOnly, serveFolder } from '../support/served-folder.js';

/** Serves one model under this model.yaml; gives its entry, its only version and what was told of it. */
async function serve(t: TestContext, yaml: string, overrides: Partial<ServingContext> = {}, model = affine()) {
  const files = { 'm/1/model.onnx': model, 'm/model.yaml': yaml };
  const { manager, events } = await serveFolder(t, files, overrides);
  const entry = manager.entry('m');
  return { entry, version: entry.versions[0], events, notices: events.of('modelNotice').map(({ notice }) => notice) };
}

describe('model.yaml: batching', () => {
  it('corrects the axes that the signature suggests', async (t) => {
    const yaml = 'batching: {max_batch_size: 3, axes: {inputs: {scale: shared, x: 0}, outputs: {y: 0}}}';
    const { version } = await serve(t, yaml, {}, sharedInput());
    assert.equal(version?.loaded?.plan.maxBatchSize, 3);
    assert.deepEqual(version.loaded.plan.axes, { inputs: { x: 0, scale: null }, outputs: { y: 0 } });
  });

  const mistakes = [
    { axes: '{inputs: {z: 0}}', reason: /batching\.axes\.inputs\.z: .*no such tensor; it has x/ },
    { axes: '{outputs: {y: 2}}', reason: /batching\.axes\.outputs\.y: expected an axis from 0 to 1; got 2/ },
  ];
  for (const { axes, reason } of mistakes) {
    it(`is told of by file and path where it does not fit the model: ${axes}`, async (t) => {
      const { version } = await serve(t, `batching: {axes: ${axes}}`);
      assert.equal(version?.state, 'UNAVAILABLE');
      assert.match(version.reason ?? '', reason);
      assert.match(version.reason ?? '', /m\/model\.yaml/);
    });
  }
});

describe('model.yaml: keys', () => {
  it('names an unknown key, its file and what was probably meant', async (t) => {
    const { entry } = await serve(t, 'batching: {max_batch_sise: 8}\ninstanses: {count: 2}');
    assert.deepEqual(entry.versions, []);
    assert.match(entry.problem ?? '', /m\/model\.yaml: batching\.max_batch_sise: unknown key.*max_batch_size/);
    assert.match(entry.problem ?? '', /m\/model\.yaml: instanses: unknown key.*instances/);
  });

  it('names a value that is none of those expected, and what came', async (t) => {
    const { entry } = await serve(t, 'batching: {policy: gready, max_batch_size: many}');
    assert.match(entry.problem ?? '', /m\/model\.yaml: batching\.policy: .*greedy.*got the string "gready"/);
    assert.match(entry.problem ?? '', /m\/model\.yaml: batching\.max_batch_size: .*number.*got the string "many"/);
  });

  it('says on which line the file is not YAML', async (t) => {
    const { entry } = await serve(t, 'batching:\n  policy: [greedy\n');
    assert.match(entry.problem ?? '', /m\/model\.yaml: .*line \d/);
  });
});

describe('model.yaml: instances', () => {
  it('starts as many as it says', async (t) => {
    const { version, events } = await serve(t, 'instances: {count: 3}');
    const names = events.of('instanceStarted').map(({ instance }) => instance);
    assert.deepEqual(names.sort(), ['m/1#0', 'm/1#1', 'm/1#2']);
    assert.deepEqual([version?.loaded?.instances.live, version?.loaded?.instances.size], [3, 3]);
  });
});

describe('model.yaml: execution_providers', () => {
  const cuda = [{ name: 'cuda', options: {} }] as const;

  it('is an error where what it names cannot be had', async (t) => {
    const { version } = await serve(t, 'execution_providers: [cuda]');
    assert.equal(version?.state, 'UNAVAILABLE');
    assert.match(version.reason ?? '', /cuda: there is no cuda in this test/);
  });

  it('goes on to the next of the list, and says so', async (t) => {
    const { version, notices } = await serve(t, 'execution_providers: [cuda, cpu]');
    assert.deepEqual([version?.state, version?.loaded?.provider], ['READY', 'cpu']);
    assert.deepEqual(notices, ['execution provider left out: cuda: there is no cuda in this test']);
  });

  it('counts for more than the list of the server', async (t) => {
    const { version, notices } = await serve(t, 'execution_providers: [cpu]', { executionProviders: cuda });
    assert.deepEqual([version?.state, notices], ['READY', []]);
  });

  it('is the list of the server where the model has none and leaves the device open', async (t) => {
    const open = await serve(t, '', { executionProviders: cuda });
    assert.equal(open.version?.state, 'UNAVAILABLE');
    const onCpu = await serve(t, 'instances: {device: cpu}', { executionProviders: cuda });
    assert.deepEqual([onCpu.version?.state, onCpu.version?.loaded?.provider], ['READY', 'cpu']);
  });

  it('refuses a device that is not there', async (t) => {
    const { version } = await serve(t, 'instances: {device: "gpu:0"}', { providerProbe: cpuOnly });
    assert.equal(version?.state, 'UNAVAILABLE');
    assert.match(version.reason ?? '', /cuda/);
  });
});

describe('model.yaml: limits', () => {
  it("take the place of the server's, one by one", async (t) => {
    const own = 'queue_rows: 7, timeout_ms: 5, max_rows: 3, queue_timeout_ms: 2, execution_timeout_ms: 4';
    const { version } = await serve(t, `limits: {${own}}`);
    assert.deepEqual(version?.limits, {
      queueRows: 7,
      queueBytes: 1_000_000,
      timeoutMs: 5,
      loadTimeoutMs: 60_000,
      drainTimeoutMs: 60_000,
      maxRows: 3,
      queueTimeoutMs: 2,
      executionTimeoutMs: 4,
    });
  });
});
