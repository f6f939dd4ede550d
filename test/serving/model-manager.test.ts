import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MillraceError } from '#src/core/errors.js';
import { FakeBackend } from '../support/fake-backend.js';
import { affine } from '../support/fixture-models.js';
import { type FolderContents } from '../support/model-folder.js';
import { openFolder, serveFolder } from '../support/served-folder.js';

/** Versions of a model: what is served is what the policy picks. */
function versions(name: string, ...numbers: number[]): FolderContents {
  return Object.fromEntries(numbers.map((number) => [`${name}/${number}/model.onnx`, affine()]));
}

const caught = (run: () => unknown): MillraceError => {
  try {
    run();
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('nothing was thrown');
};

describe('ModelManager', () => {
  it('keeps one bad model from keeping others from being served', async (t) => {
    const { manager, events } = await serveFolder(t, {
      ...versions('good', 1),
      'flat.onnx': affine(),
      'beside/model.onnx': affine(),
      'garbage/1/model.onnx': 'no model',
      ...versions('misspelt', 1),
      'misspelt/model.yaml': 'batchin: {}',
      'empty/readme.txt': 'nothing here',
      'no model.onnx': affine(),
    });
    const states = manager.entries.map(({ name, versions }) => [name, versions.map(({ state }) => state)]);
    assert.deepEqual(Object.fromEntries(states as [string, string[]][]), {
      good: ['READY'],
      flat: ['READY'],
      beside: ['READY'],
      garbage: ['UNAVAILABLE'],
      misspelt: [],
      empty: [],
      'no model': [],
    });
    for (const { name, versions, problem } of manager.entries) {
      assert.equal(problem === undefined, versions.length > 0, `${name}: ${problem}`);
    }
    assert.equal(manager.ready, true);
    const reasons = events.of('modelStateChanged').filter(({ to }) => to === 'UNAVAILABLE');
    assert.deepEqual(
      reasons.map(({ model }) => model),
      ['empty', 'misspelt', 'no model', 'garbage'],
    );
  });

  it('serves the newest version unless told otherwise, all of them, or those of a list', async (t) => {
    const { manager } = await serveFolder(
      t,
      {
        ...versions('newest', 2, 9, 10),
        ...versions('two', 1, 2, 3),
        'two/model.yaml': 'versions: {latest: 2}',
        ...versions('every', 1, 2, 10),
        'every/model.yaml': 'versions: all',
        ...versions('some', 1, 2, 3),
        'some/model.yaml': 'versions: [3, "1", 7, 8]',
        ...versions('none', 1),
        'none/model.yaml': 'versions: [5]',
      },
      { backend: new FakeBackend() },
    );
    const served = (name: string) => manager.entry(name).versions.map(({ ref }) => ref.version);
    assert.deepEqual(['newest', 'two', 'every', 'some', 'none'].map(served), [
      ['10'],
      ['2', '3'],
      ['1', '2', '10'],
      ['1', '3'],
      [],
    ]);
    assert.equal(manager.entry('some').problem, 'some/model.yaml: versions: there is no version 7, 8');
    assert.equal(manager.entry('none').problem, 'none/model.yaml: versions: there is no version 5');
    const refused = caught(() => manager.resolve('none', undefined));
    assert.equal(refused.code, 'MODEL_UNAVAILABLE');
    assert.match(refused.message, /there is no version 5/);
  });

  it('serves what another version of the same model cannot', async (t) => {
    const files = { ...versions('m', 1), 'm/2/model.onnx': 'no model', 'm/3/readme.txt': 'no file' };
    const { manager } = await serveFolder(t, { ...files, 'm/model.yaml': 'versions: all' });
    const states = manager.entry('m').versions.map(({ ref, state }) => `${ref.version} ${state}`);
    assert.deepEqual(states, ['1 READY', '2 UNAVAILABLE', '3 UNAVAILABLE']);
    assert.equal(manager.entry('m').versions[2]?.reason, 'm/3: model.onnx is missing');
  });

  it('unloads everything, once', async (t) => {
    const backend = new FakeBackend();
    const { manager } = await serveFolder(t, { ...versions('a', 1), ...versions('b', 1) }, { backend });
    manager.destroy();
    manager.destroy();
    assert.deepEqual(
      manager.served.map(({ state }) => state),
      ['UNAVAILABLE', 'UNAVAILABLE'],
    );
    const reasons = backend.instances.map(({ destroyedWith }) => destroyedWith);
    assert.deepEqual(reasons, ['it was unloaded', 'it was unloaded']);
  });
});

describe('ModelManager.resolve', () => {
  it('finds the version that is named, else the newest that is READY', async (t) => {
    const files = { ...versions('m', 1, 2), 'm/10/model.onnx': 'no model', 'm/model.yaml': 'versions: all' };
    const { manager } = await serveFolder(t, files);
    assert.deepEqual(manager.resolve('m', undefined).model.ref, { model: 'm', version: '2' });
    assert.deepEqual(manager.resolve('m', '1').model.ref, { model: 'm', version: '1' });
    const broken = caught(() => manager.resolve('m', '10'));
    assert.equal(broken.code, 'MODEL_UNAVAILABLE');
    assert.match(broken.message, /version 10, is unavailable: .*Protobuf/);
  });

  it('names models that are near to an unknown one', async (t) => {
    const files = { ...versions('penguins', 1), ...versions('lande', 1) };
    const { manager } = await serveFolder(t, files, { backend: new FakeBackend() });
    const { code, message, details } = caught(() => manager.resolve('pinguins', undefined));
    assert.equal(code, 'MODEL_NOT_FOUND');
    assert.match(message, /Did you mean penguins\?/);
    assert.deepEqual(details.didYouMean, ['penguins']);
    const far = caught(() => manager.entry('resnet50'));
    assert.deepEqual([far.code, far.details.didYouMean], ['MODEL_NOT_FOUND', []]);
    assert.equal(caught(() => manager.entry('__proto__')).code, 'MODEL_NOT_FOUND');
    assert.equal(caught(() => manager.entry('x'.repeat(10_000))).details.got?.length, 128);
  });

  it('lists the versions that there are for one that is not', async (t) => {
    const files = { ...versions('m', 1, 2), 'm/model.yaml': 'versions: all' };
    const { manager } = await serveFolder(t, files, { backend: new FakeBackend() });
    const { code, details } = caught(() => manager.resolve('m', '3'));
    assert.equal(code, 'VERSION_NOT_FOUND');
    assert.deepEqual(details, { path: 'version', expected: '1, 2', got: '3' });
  });

  it('says that a model is loading while it does', async (t) => {
    const { manager, stop } = await openFolder(versions('m', 1), { backend: new FakeBackend() });
    t.after(stop);
    const { code, details } = caught(() => manager.resolve('m', undefined));
    assert.deepEqual([code, details.retryAfterMs], ['MODEL_UNAVAILABLE', 1_000]);
  });
});
