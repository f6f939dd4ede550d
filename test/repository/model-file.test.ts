import assert from 'node:assert/strict';
import { link, mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { scanRepository } from '#src/repository/model-repository.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';

/** A repository `models/` with a folder `outside/` beside it. */
async function openRepository(t: TestContext, contents: FolderContents) {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  const at = (path: string) => join(folder.dir, path);
  await mkdir(at('models'), { recursive: true });
  return {
    at,
    /** What is wrong with each version, by `model/version`; undefined if nothing is. */
    async problems(maxModelBytes = 1000): Promise<Record<string, string | undefined>> {
      const models = await scanRepository(at('models'), maxModelBytes);
      const versions = models.flatMap(({ name, problem, versions }) => {
        assert.equal(problem, undefined);
        return versions.map(({ version, problem }) => [`${name}/${version}`, problem]);
      });
      return Object.fromEntries(versions) as Record<string, string | undefined>;
    },
  };
}

describe('model files', () => {
  it('may lie beside their data, in folders too', async (t) => {
    const { problems } = await openRepository(t, {
      'models/a/1/model.onnx': '..',
      'models/a/1/weights.bin': '..',
      'models/a/1/data/more.bin': '..',
    });
    assert.deepEqual(await problems(), { 'a/1': undefined });
  });

  it('may be links to files of the same repository', async (t) => {
    const { at, problems } = await openRepository(t, { 'models/a/1/model.onnx': '..' });
    await symlink('a/1/model.onnx', at('models/b.onnx'));
    assert.deepEqual(await problems(), { 'a/1': undefined, 'b/1': undefined });
  });

  it('are refused as links out of the repository, in each layout', async (t) => {
    const { at, problems } = await openRepository(t, {
      'outside/secret.onnx': '..',
      'outside/1/model.onnx': '..',
      'models/flat/labels.json': '',
      'models/numbered/1/labels.json': '',
      'models/folder/labels.json': '',
    });
    await symlink(at('outside/secret.onnx'), at('models/bare.onnx'));
    await symlink(at('outside/secret.onnx'), at('models/flat/model.onnx'));
    await symlink('../../../outside/secret.onnx', at('models/numbered/1/model.onnx'));
    await symlink(at('outside/1'), at('models/folder/1'));
    await symlink(at('outside'), at('models/whole'));
    const found = await problems();
    assert.deepEqual(Object.keys(found).toSorted(), ['bare/1', 'flat/1', 'folder/1', 'numbered/1', 'whole/1']);
    for (const [name, problem] of Object.entries(found)) {
      assert.match(problem ?? 'none', /link to a file outside the model folder$/, name);
      assert.ok(!problem?.includes(at('')), 'the place that a link leads to is not told');
    }
  });

  it('are refused with a link out of the repository beside them', async (t) => {
    const { at, problems } = await openRepository(t, {
      'outside/secret.bin': '..',
      'models/a/1/model.onnx': '..',
      'models/b/1/model.onnx': '..',
      'models/b/1/data/fine.bin': '..',
    });
    await symlink(at('outside/secret.bin'), at('models/a/1/weights.bin'));
    await symlink(at('outside/secret.bin'), at('models/b/1/data/weights.bin'));
    assert.deepEqual(await problems(), {
      'a/1': 'weights.bin: it is a link to a file outside the model folder',
      'b/1': 'data/weights.bin: it is a link to a file outside the model folder',
    });
  });

  it('are not outside only because the name of the other folder begins like that of the repository', async (t) => {
    const { at, problems } = await openRepository(t, { 'models-old/a.onnx': '..' });
    await symlink(at('models-old/a.onnx'), at('models/a.onnx'));
    assert.match((await problems())['a/1'] ?? 'none', /outside/);
  });

  it('are refused with a hard link, their own or beside them', async (t) => {
    const { at, problems } = await openRepository(t, {
      'outside/secret.bin': '..',
      'models/a/1/model.onnx': '..',
      'models/b/1/labels.json': '',
    });
    await link(at('outside/secret.bin'), at('models/a/1/weights.bin'));
    await link(at('outside/secret.bin'), at('models/b/1/model.onnx'));
    assert.deepEqual(await problems(), {
      'a/1': 'weights.bin: it has 3 hard links; copy the file instead',
      'b/1': 'model.onnx: it has 3 hard links; copy the file instead',
    });
  });

  it('are refused with a link that leads nowhere, their own or beside them', async (t) => {
    const { at, problems } = await openRepository(t, {
      'models/a/1/model.onnx': '..',
      'models/b/1/labels.json': '',
    });
    await symlink('nowhere', at('models/a/1/weights.bin'));
    await symlink('nowhere', at('models/b/1/model.onnx'));
    await symlink('nowhere', at('models/c.onnx'));
    assert.deepEqual(await problems(), {
      'a/1': 'weights.bin: it is a link that leads nowhere',
      'b/1': 'model.onnx: it is a link that leads nowhere',
      'c/1': 'c.onnx: it is a link that leads nowhere',
    });
  });

  it('are refused beyond the limit of bytes, data included', async (t) => {
    const { problems } = await openRepository(t, {
      'models/alone.onnx': 'x'.repeat(101),
      'models/beside.onnx': 'x'.repeat(100),
      'models/a/1/model.onnx': 'x'.repeat(50),
      'models/a/1/data/weights.bin': 'x'.repeat(51),
      'models/b/1/model.onnx': 'x'.repeat(50),
      'models/b/1/weights.bin': 'x'.repeat(50),
    });
    const found = await problems(100);
    assert.match(found['alone/1'] ?? 'none', /\b101 bytes.*\b100\b/);
    assert.equal(found['beside/1'], undefined);
    assert.match(found['a/1'] ?? 'none', /\b101 bytes.*\b100\b/);
    assert.equal(found['b/1'], undefined);
  });

  it('are refused among more files than a model has', async (t) => {
    const files = Array.from({ length: 1000 }, (_, index) => [`models/a/1/${index}.bin`, '']);
    const { problems } = await openRepository(t, { ...Object.fromEntries(files), 'models/a/1/model.onnx': '..' });
    assert.match((await problems())['a/1'] ?? 'none', /more than 1000 files/);
  });
});

describe('a model file without a folder of its own', () => {
  it('is refused beside a link out of the repository, which could be its data, in folders too', async (t) => {
    for (const place of ['weights.bin', 'other/1/weights.bin']) {
      const { at, problems } = await openRepository(t, {
        'outside/secret.bin': '..',
        'models/bare.onnx': '..',
        'models/other/1/model.onnx': '..',
      });
      await symlink(at('outside/secret.bin'), at(`models/${place}`));
      const found = (await problems())['bare/1'];
      assert.equal(found, `${place}: it is a link to a file outside the model folder`);
    }
  });

  it('is refused beside a hard link', async (t) => {
    const { at, problems } = await openRepository(t, { 'outside/secret.bin': '..', 'models/bare.onnx': '..' });
    await link(at('outside/secret.bin'), at('models/weights.bin'));
    assert.equal((await problems())['bare/1'], 'weights.bin: it has 2 hard links; copy the file instead');
  });

  it('may lie beside hidden files, whatever they are; one with a folder of its own may not', async (t) => {
    const { at, problems } = await openRepository(t, {
      'outside/secret.bin': '..',
      'models/bare.onnx': '..',
      'models/.cache/kept': '..',
    });
    await symlink(at('outside/secret.bin'), at('models/.hidden'));
    await symlink(at('outside/secret.bin'), at('models/.cache/link'));
    assert.deepEqual(await problems(), { 'bare/1': undefined });
    await mkdir(at('models/own'));
    await symlink(at('outside/secret.bin'), at('models/own/.hidden'));
    await rename(at('models/bare.onnx'), at('models/own/model.onnx'));
    assert.match((await problems())['own/1'] ?? 'none', /^\.hidden: it is a link to a file outside/);
  });
});
