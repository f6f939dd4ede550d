import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '#src/core/clock.js';
import type { MillraceError } from '#src/core/errors.js';
import type { ControlMode } from '#src/serving/control-config.js';
import { ModelControl } from '#src/serving/model-control.js';
import { type CrowdOptions, crowd } from '../support/crowded-models.js';
import { affine, fixedBatchOne, sharedInput } from '../support/fixture-models.js';
import type { FolderContents } from '../support/model-folder.js';
import { patient } from '../support/served-folder.js';
import { fp32 } from '../support/tensors.js';

/** Models on a fake backend, whose loads take no time, and the control of them. */
async function controlled(
  t: TestContext,
  models: FolderContents,
  options: Partial<CrowdOptions & { mode: ControlMode }> = {},
) {
  const { mode = 'explicit', context = {}, ...rest } = options;
  const base = { clock: systemClock, modelControl: mode, loadAtStart: 'all' } as const;
  const served = await crowd(t, { models, room: 100, ...rest, context: { ...base, ...context } });
  const { backend, events, folder, manager } = served;
  backend.onStart = async () => undefined;
  await manager.loadAll();
  const control = new ModelControl({ models: manager, events, mode, folder: folder.dir, maxModelBytes: 1e6 });
  t.after(() => control.close());
  const stand = () => control.index().map(({ name, version, state }) => `${name}/${version} ${state}`);
  const infer = (name: string) => {
    const { model } = manager.resolve(name, undefined);
    return model.infer({ rows: 1, inputs: { x: fp32([1, 2], 1, 2) } }, patient);
  };
  return { ...served, control, stand, infer };
}

const failure = (work: Promise<unknown>): Promise<MillraceError> =>
  work.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error as MillraceError,
  );

describe('ModelControl, where it is not explicit,', () => {
  for (const mode of ['none', 'watch'] as const) {
    it(`refuses to load and unload with ${mode}, and says how to allow it`, async (t) => {
      const { control, stand } = await controlled(t, { 'm.onnx': affine() }, { mode });
      for (const ask of [() => control.load('m'), () => control.unload('m')]) {
        const { code, message } = await failure((async () => ask())());
        assert.equal(code, 'MODEL_CONTROL_OFF');
        assert.match(message, /^explicit model load \/ unload is not allowed if .*--model-control explicit/);
      }
      assert.deepEqual(stand(), ['m/1 READY']);
    });
  }
});

describe('ModelControl.load', () => {
  it('loads what was not loaded at start', async (t) => {
    const context = { modelControl: 'explicit' as const, loadAtStart: ['a'] };
    const { control, stand, manager } = await controlled(t, { 'a.onnx': affine(), 'b.onnx': affine() }, { context });
    assert.deepEqual([stand(), manager.ready], [['a/1 READY', 'b/1 UNAVAILABLE'], true]);
    assert.equal(control.index()[1]?.reason, 'it was not told to load');
    await control.load('b');
    assert.deepEqual(stand(), ['a/1 READY', 'b/1 READY']);
  });

  it('takes up new models and new versions, and leaves what has not changed alone', async (t) => {
    const { backend, control, folder, stand } = await controlled(t, { 'm/1/model.onnx': affine() });
    await folder.write({ 'm/2/model.onnx': affine(), 'new/1/model.onnx': affine() });
    await control.load('new');
    await control.load('m');
    assert.deepEqual(stand(), ['m/2 READY', 'new/1 READY']);
    assert.equal(backend.specs.length, 3);
    await control.load('m');
    assert.equal(backend.specs.length, 3, 'nothing has changed');
    await folder.write({ 'm/model.yaml': 'versions: all' });
    await control.load('m');
    assert.deepEqual(stand(), ['m/1 READY', 'm/2 READY', 'new/1 READY']);
    assert.equal(backend.specs.length, 4, 'how many versions are served changes none of them');
  });

  it('replaces a version that has changed, and lets the old one finish', async (t) => {
    const { backend, control, events, folder, infer, manager, stand } = await controlled(t, {
      'm/1/model.onnx': affine(),
    });
    const [old] = manager.served;
    const [oldInstance] = backend.instances;
    assert.ok(old !== undefined && oldInstance !== undefined);
    let finish: () => void = () => undefined;
    const begun = new Promise<void>((begin) => {
      backend.onRun = ({ x }) =>
        new Promise((resolve) => {
          finish = () => resolve(x === undefined ? {} : { y: x });
          begin();
        });
    });
    old.usage.hold();
    const running = infer('m').finally(() => old.usage.release());
    await begun;
    await folder.write({ 'm/1/model.onnx': fixedBatchOne() });
    backend.onRun = async ({ x }) => (x === undefined ? {} : { y: x });
    await control.load('m');
    assert.notEqual(manager.served[0], old);
    assert.deepEqual([stand(), oldInstance.destroyedWith, old.state], [['m/1 READY'], undefined, 'UNLOADING']);
    await infer('m');
    finish();
    await running;
    await oldInstance.ended;
    await old.whenReleased();
    assert.equal(oldInstance.destroyedWith, 'another has taken its place');
    const told = events.of('modelStateChanged').map(({ from, to }) => `${from ?? 'nothing'} → ${to}`);
    assert.deepEqual(told, ['nothing → LOADING', 'LOADING → READY'], 'for who watches, it never went away');
    assert.deepEqual(
      events.of('modelLoaded').map(({ isReload }) => isReload),
      [false, true],
    );
    assert.deepEqual(
      events.of('modelUnloaded').map(({ cause }) => cause),
      ['replaced'],
    );
  });

  it('keeps the old version when the new one fails, shows why, and forgets that once one is taken', async (t) => {
    const { backend, control, events, folder, infer, manager } = await controlled(t, { 'm/1/model.onnx': affine() });
    const [old] = manager.served;
    await folder.write({ 'm/1/model.onnx': sharedInput() });
    backend.onStart = () => Promise.reject(new Error('no such operator'));
    const { code, message } = await failure(control.load('m'));
    assert.deepEqual([code, message], ['LOAD_FAILED', "failed to load 'm': version 1: no such operator."]);
    assert.deepEqual([manager.served[0], old?.state], [old, 'READY']);
    assert.equal(manager.own('m')?.reloadProblem, 'version 1: no such operator');
    assert.equal(events.of('reloadFailed')[0]?.reason, 'version 1: no such operator');
    await infer('m');
    await folder.write({ 'm/model.yaml': 'batchin: {}' });
    assert.match((await failure(control.load('m'))).message, /m\/model\.yaml: batchin/);
    assert.equal(manager.served[0]?.state, 'READY');
    backend.onStart = async () => undefined;
    await folder.write({ 'm/model.yaml': '' });
    await control.load('m');
    assert.deepEqual([manager.own('m')?.reloadProblem, manager.served[0]?.state], [undefined, 'READY']);
    assert.notEqual(manager.served[0], old);
  });

  it('keeps the old version where there is no room for both', async (t) => {
    const { control, folder, manager } = await controlled(t, { 'm/1/model.onnx': affine() }, { room: 1.05 });
    const [old] = manager.served;
    await folder.write({ 'm/1/model.onnx': fixedBatchOne() });
    const { message } = await failure(control.load('m'));
    assert.match(message, /it takes about 9 MiB, and the memory budget of 105 MiB leaves 5 MiB/);
    assert.deepEqual([manager.served[0], old?.state], [old, 'READY']);
  });

  it('serves the versions that are left, and drops one that is gone', async (t) => {
    const { control, folder, stand, backend } = await controlled(t, {
      'm/1/model.onnx': affine(),
      'm/2/model.onnx': affine(),
      'm/model.yaml': 'versions: all',
    });
    await folder.take('m/1');
    await control.load('m');
    assert.deepEqual(stand(), ['m/2 READY']);
    backend.onStart = () => Promise.reject(new Error('broken'));
    await folder.write({ 'm/3/model.onnx': affine(), 'm/model.yaml': 'versions: { latest: 1 }' });
    await failure(control.load('m'));
    assert.deepEqual(stand(), ['m/2 READY', 'm/3 UNAVAILABLE'], 'the old one serves until a new one can');
  });

  it('does one thing after the other with one model', async (t) => {
    const { control, stand } = await controlled(t, { 'm/1/model.onnx': affine() });
    await Promise.all([control.unload('m'), control.load('m'), control.unload('m'), control.load('m')]);
    assert.deepEqual(stand(), ['m/1 READY']);
    await Promise.all([control.load('m'), control.unload('m')]);
    assert.deepEqual(stand(), ['m/1 UNAVAILABLE']);
  });

  it('knows no names but those in the folder', async (t) => {
    const { control } = await controlled(t, { 'models/m/1/model.onnx': affine(), 'm/1/model.onnx': affine() });
    for (const name of ['n', '../m', 'm/1', './m', '', '__proto__', 'm.tensors']) {
      assert.equal((await failure(control.load(name))).code, 'MODEL_NOT_FOUND', name);
      assert.equal((await failure(control.unload(name))).code, 'MODEL_NOT_FOUND', name);
    }
  });
});

describe('ModelControl.load with an override', () => {
  it('takes a configuration instead of model.yaml, until the next load', async (t) => {
    const { control, folder, manager } = await controlled(t, {
      'm/1/model.onnx': affine(),
      'm/2/model.onnx': affine(),
    });
    const served = () => manager.served.map(({ ref, config }) => `${ref.version}:${config.batching.max_batch_size}`);
    await control.load('m', { config: '{"max_batch_size": 4, "version_policy": {"all": {}}}' });
    assert.deepEqual(served(), ['1:4', '2:4']);
    await control.load('m', { config: '{"batching": {"max_batch_size": 5}}' });
    assert.deepEqual(served(), ['2:5']);
    await folder.write({ 'm/model.yaml': 'batching: { max_batch_size: 6 }' });
    await control.load('m');
    assert.deepEqual(served(), ['2:6']);
    const { code, message } = await failure(control.load('m', { config: '{"batchin": {}}' }));
    assert.equal(code, 'LOAD_FAILED');
    assert.match(message, /parameters\.config: batchin/);
    assert.deepEqual(served(), ['2:6']);
  });

  it('takes files instead of those of the model, and takes them away when they are not served', async (t) => {
    const { backend, control, stand } = await controlled(t, { 'm/1/model.onnx': affine() });
    const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('millrace-load-'));
    const before = await left();
    await control.load('m', { config: '{}', files: new Map([['7/model.onnx', fixedBatchOne()]]) });
    assert.deepEqual(stand(), ['m/7 READY']);
    assert.match(backend.specs.at(-1)?.modelPath ?? '', /7.model\.onnx$/);
    assert.equal((await left()).length, before.length + 1);
    await control.load('other', { config: '{}', files: new Map([['model.onnx', affine()]]) });
    assert.deepEqual(stand(), ['m/7 READY', 'other/1 READY']);
    await control.load('m');
    assert.deepEqual(stand(), ['m/1 READY', 'other/1 READY']);
    await control.close();
    assert.deepEqual(await left(), before);
  });

  for (const path of [
    '../1/model.onnx',
    '/etc/passwd',
    '1/../../model.onnx',
    '1/a/model.onnx',
    'one/model.onnx',
    '1/.hidden',
    '1\\model.onnx',
    '1/model.onnx\0',
    '',
    'model.yaml',
  ]) {
    it(`writes no file called ${JSON.stringify(path)}`, async (t) => {
      const { control, stand } = await controlled(t, { 'm/1/model.onnx': affine() });
      const { code } = await failure(control.load('m', { config: '{}', files: new Map([[path, affine()]]) }));
      assert.deepEqual([code, stand()], ['INVALID_REQUEST', ['m/1 READY']]);
    });
  }

  it('refuses files without a configuration, too many bytes, and names that are none', async (t) => {
    const { control } = await controlled(t, { 'm/1/model.onnx': affine() });
    const small = new Map([['1/model.onnx', affine()]]);
    const large = new Map([['1/model.onnx', new Uint8Array(1e6 + 1)]]);
    for (const [name, override] of [
      ['m', { files: small }],
      ['m', { config: '{}', files: large }],
      ['../m', { config: '{}', files: small }],
      ['unknown', { config: '{}' }],
    ] as const) {
      assert.equal((await failure(control.load(name, override))).code, 'INVALID_REQUEST', name);
    }
  });
});

describe('ModelControl.unload', () => {
  it('ends every version, with the reason, and frees the memory', async (t) => {
    const { alive, control, events, manager } = await controlled(t, {
      'm/1/model.onnx': affine(),
      'm/2/model.onnx': affine(),
      'm/model.yaml': 'versions: all',
      'n.onnx': affine(),
    });
    await control.unload('m');
    assert.deepEqual(
      control.index().map(({ version, state, reason }) => [version, state, reason]),
      [
        ['1', 'UNAVAILABLE', 'it was unloaded by request'],
        ['2', 'UNAVAILABLE', 'it was unloaded by request'],
        ['1', 'READY', undefined],
      ],
    );
    assert.equal(alive().length, 1);
    assert.deepEqual(
      events.of('modelUnloaded').map(({ cause }) => cause),
      ['unloaded', 'unloaded'],
    );
    assert.throws(() => manager.find({ name: 'm', version: undefined }), { code: 'MODEL_UNAVAILABLE' });
  });
});

describe('ModelControl.follow', () => {
  it('takes up what has come, has changed, and has gone', async (t) => {
    const { control, folder, stand, manager } = await controlled(
      t,
      { 'a/1/model.onnx': affine(), 'b/1/model.onnx': affine() },
      { mode: 'watch' },
    );
    await folder.write({ 'c/1/model.onnx': affine(), 'b/1/model.onnx': fixedBatchOne() });
    await folder.take('a');
    const [, b] = manager.served;
    await control.follow(['a', 'b', 'c']);
    assert.deepEqual(stand(), ['b/1 READY', 'c/1 READY']);
    assert.notEqual(manager.served[0], b);
    assert.throws(() => manager.find({ name: 'a', version: undefined }), { code: 'MODEL_NOT_FOUND' });
  });

  it('tells what cannot be taken, and never rejects', async (t) => {
    const { control, events, folder, stand } = await controlled(t, { 'a/1/model.onnx': affine() }, { mode: 'watch' });
    await folder.write({ 'a/model.yaml': 'a: [' });
    await control.follow(['a']);
    assert.deepEqual(stand(), ['a/1 READY']);
    assert.match(events.of('reloadFailed')[0]?.reason ?? '', /a\/model\.yaml/);
    await folder.remove();
    await control.follow(['a']);
    assert.equal(events.of('reloadFailed').length, 2);
  });

  it('leaves models that load on request unloaded', async (t) => {
    const context = { modelControl: 'watch', loadAtStart: 'none' } as const;
    const { backend, control, folder, stand } = await controlled(
      t,
      { 'a/1/model.onnx': affine() },
      { mode: 'watch', context },
    );
    await folder.write({ 'a/1/model.onnx': fixedBatchOne(), 'b/1/model.onnx': affine() });
    await control.follow(['a', 'b']);
    assert.deepEqual([stand(), backend.specs.length], [['a/1 EVICTED', 'b/1 EVICTED'], 0]);
  });
});
