import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { type RepositoryModel, scanRepository } from '#src/repository/model-repository.js';
import { createModelFolder, type FolderContents, type ModelFolder } from '../support/model-folder.js';

/** Files whose content nobody looks at while scanning. */
const onnx = 'not looked at';

async function openFolder(t: TestContext, contents: FolderContents): Promise<ModelFolder> {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return folder;
}

async function scan(t: TestContext, contents: FolderContents): Promise<RepositoryModel[]> {
  const { dir } = await openFolder(t, contents);
  return scanRepository(dir, 1000);
}

/** Each model as `name: versions`, or `name: problem`. */
/** Versions by their place alone: without the means to read what lies beside them, and what was measured. */
function placesOf(models: readonly RepositoryModel[]): unknown {
  return models.map((model) => ({
    ...model,
    versions: model.versions.map(({ version, path }) => ({ version, path })),
  }));
}

function summary(models: readonly RepositoryModel[]): string[] {
  return models.map(({ name, versions, problem }) => {
    const list = versions.map(({ version, problem }) => (problem === undefined ? version : `${version} ${problem}`));
    return `${name}: ${problem ?? list.toSorted().join(', ')}`;
  });
}

describe('scanRepository', () => {
  it('finds models in every layout, by name', async (t) => {
    const { dir } = await openFolder(t, {
      'versions/1/model.onnx': onnx,
      'versions/20/model.onnx': onnx,
      'versions/model.yaml': 'versions: all',
      'flat/model.onnx': onnx,
      'bare.onnx': onnx,
    });
    assert.deepEqual(placesOf(await scanRepository(dir, 1000)), [
      {
        name: 'bare',
        configFile: 'bare/model.yaml',
        config: {},
        versions: [{ version: '1', path: join(dir, 'bare.onnx') }],
      },
      {
        name: 'flat',
        configFile: 'flat/model.yaml',
        config: {},
        versions: [{ version: '1', path: join(dir, 'flat/model.onnx') }],
      },
      {
        name: 'versions',
        configFile: 'versions/model.yaml',
        config: { versions: 'all' },
        versions: [
          { version: '1', path: join(dir, 'versions/1/model.onnx') },
          { version: '20', path: join(dir, 'versions/20/model.onnx') },
        ],
      },
    ]);
  });

  it('finds no model in an empty folder', async (t) => {
    assert.deepEqual(await scan(t, {}), []);
  });

  it('passes over hidden files and files that are no model', async (t) => {
    const files = {
      '.hidden/1/model.onnx': onnx,
      '.x.onnx': onnx,
      'README.md': '',
      'a/labels.json': '',
      'a/.DS_Store': '',
      'a/notes/1/model.onnx': onnx,
      'a/01/model.onnx': onnx,
      'a/0/model.onnx': onnx,
      'a/v2/model.onnx': onnx,
      'a/3/model.onnx': onnx,
    };
    assert.deepEqual(summary(await scan(t, files)), ['a: 3']);
  });

  it('keeps version numbers that no number can hold', async (t) => {
    const versions = ['90071992547409930000000001', '90071992547409930000000002'];
    const files = Object.fromEntries(versions.map((version) => [`a/${version}/model.onnx`, onnx]));
    assert.deepEqual(summary(await scan(t, files)), [`a: ${versions.join(', ')}`]);
  });

  it('says that a model is there twice, once', async (t) => {
    const files = { 'x.onnx': onnx, 'x/1/model.onnx': onnx, 'y.onnx': onnx };
    assert.deepEqual(summary(await scan(t, files)), ['x: both x/ and x.onnx are there; keep one', 'y: 1']);
  });

  it('does not hide a model behind a file of its name', async (t) => {
    assert.deepEqual(summary(await scan(t, { 'x.onnx': onnx, x: 'some file' })), ['x: 1']);
  });

  it('says that a folder holds both layouts, or none', async (t) => {
    const models = await scan(t, { 'both/model.onnx': onnx, 'both/2/model.onnx': onnx, 'none/weights.onnx': onnx });
    const [both, none] = summary(models);
    assert.match(both as string, /^both: it holds model\.onnx and version folders \(2\)/);
    assert.match(none as string, /^none: it holds neither model\.onnx nor a version folder/);
  });

  it('says that a version has no model.onnx, and finds the others', async (t) => {
    const models = await scan(t, { 'a/1/model.onnx': onnx, 'a/2/weights.bin': '' });
    assert.deepEqual(summary(models), ['a: 1, 2 model.onnx is missing']);
  });

  it('refuses names that are no name, and keeps the others', async (t) => {
    const long = 'n'.repeat(128);
    const models = await scan(t, {
      'two words.onnx': onnx,
      '-dash/1/model.onnx': onnx,
      'größe.onnx': onnx,
      [`${long}x.onnx`]: onnx,
      [`${long}.onnx`]: onnx,
      '1.fine_name-2.onnx': onnx,
    });
    const problems = models.filter(({ problem }) => problem !== undefined);
    const names = problems.map(({ name }) => name);
    assert.deepEqual(names.toSorted(), ['-dash', 'größe', `${long}x`, 'two words'].toSorted());
    for (const { problem, name } of problems) assert.ok(problem?.includes(JSON.stringify(name)));
    assert.deepEqual(summary(models.filter(({ problem }) => problem === undefined)), [
      '1.fine_name-2: 1',
      `${long}: 1`,
    ]);
  });

  it('says which configuration cannot be read, and on which line', async (t) => {
    const models = await scan(t, {
      'broken/model.yaml': 'batching:\n  policy: [greedy\n',
      'broken/1/model.onnx': onnx,
      'fine/1/model.onnx': onnx,
    });
    const [broken, fine] = summary(models);
    assert.match(broken as string, /^broken: broken\/model\.yaml: .*\bline [23]\b/);
    assert.equal(fine, 'fine: 1');
  });

  it('tells no path of the machine when a configuration cannot be opened', async (t) => {
    const folder = await openFolder(t, { 'a/1/model.onnx': onnx, 'b/model.yaml/x': '', 'b/1/model.onnx': onnx });
    await symlink(join(folder.dir, 'nowhere.yaml'), join(folder.dir, 'a/model.yaml'));
    const models = await scanRepository(folder.dir, 1000);
    for (const { name, problem } of models) {
      assert.ok(problem?.startsWith(`${name}/model.yaml: `), problem);
      assert.ok(!problem?.includes(folder.dir), problem);
    }
    assert.equal(models.length, 2);
  });

  it('reads no configuration that is a pipe, whose end would never come', async (t) => {
    const folder = await openFolder(t, { 'fine/1/model.onnx': onnx, 'piped/1/model.onnx': onnx });
    if (spawnSync('mkfifo', [join(folder.dir, 'piped/model.yaml')]).status !== 0) return t.skip('there is no mkfifo');
    const models = await scanRepository(folder.dir, 1000);
    assert.deepEqual(summary(models), ['fine: 1', 'piped: piped/model.yaml: it is not a regular file']);
  });

  it('reads no configuration larger than 64 KiB, however large', async (t) => {
    const comment = (bytes: number) => `#${'x'.repeat(bytes - 1)}`;
    const folder = await openFolder(t, {
      'fits/1/model.onnx': onnx,
      'fits/model.yaml': comment(65_536),
      'huge/1/model.onnx': onnx,
      'huge/model.yaml': '',
      'large/1/model.onnx': onnx,
      'large/model.yaml': comment(65_537),
    });
    // A hole: it takes no room on the disk, and is more than Node reads.
    await truncate(join(folder.dir, 'huge/model.yaml'), 3 * 2 ** 30);
    const problem = (name: string) => `${name}: ${name}/model.yaml: the file is larger than 65536 bytes`;
    assert.deepEqual(summary(await scanRepository(folder.dir, 1000)), ['fits: 1', problem('huge'), problem('large')]);
  });

  it('reads no configuration outside the repository, nor says what is in it', async (t) => {
    const folder = await openFolder(t, {
      'models/fine/1/model.onnx': onnx,
      'models/sly/1/model.onnx': onnx,
      'secret.yaml': 'password: hidden',
    });
    await symlink(join(folder.dir, 'secret.yaml'), join(folder.dir, 'models/sly/model.yaml'));
    const models = await scanRepository(join(folder.dir, 'models'), 1000);
    const problem = 'sly/model.yaml: it is a link to a file outside the model folder';
    assert.deepEqual(summary(models), ['fine: 1', `sly: ${problem}`]);
    assert.deepEqual(models[1]?.config, {});
  });

  it('hands a configuration on as it is: others know what may be in it', async (t) => {
    const [model] = await scan(t, { 'a/model.yaml': '- 1\n- {b: 2}\n', 'a/model.onnx': onnx });
    assert.deepEqual(model?.config, [1, { b: 2 }]);
    assert.equal(model.problem, undefined);
  });

  it('follows a link to the repository itself', async (t) => {
    const folder = await openFolder(t, { 'real/a/1/model.onnx': onnx });
    await symlink(join(folder.dir, 'real'), join(folder.dir, 'link'));
    const [model] = await scanRepository(join(folder.dir, 'link'), 1000);
    assert.equal(model?.versions[0]?.path, join(folder.dir, 'real/a/1/model.onnx'));
  });

  it('fails when the folder is not there or is a file, and says what to do', async (t) => {
    const folder = await openFolder(t, { file: '' });
    await mkdir(join(folder.dir, 'empty'));
    for (const name of ['missing', 'file']) {
      await assert.rejects(scanRepository(join(folder.dir, name), 1000), (error) => {
        assert.ok(error instanceof MillraceError);
        assert.equal(error.code, 'INVALID_REQUEST');
        assert.ok(error.message.includes(join(folder.dir, name)));
        assert.match(error.message, /--models/);
        return true;
      });
    }
  });
});
