import assert from 'node:assert/strict';
import { link, mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ModelFiles } from '#src/repository/model-files.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';

/** The files beside version 1 of a model, until the test is over. */
async function filesOf(t: TestContext, contents: FolderContents) {
  const folder = await createModelFolder({ 'm/1/model.onnx': '', 'm/model.yaml': '', ...contents });
  t.after(() => folder.remove());
  const files = new ModelFiles(folder.dir, [join(folder.dir, 'm/1'), join(folder.dir, 'm')]);
  return { files, folder, read: async (name: string) => Buffer.from(await files.read(name)).toString() };
}

describe('ModelFiles', () => {
  it('reads what lies beside the model, that of the version first', async (t) => {
    const { read } = await filesOf(t, { 'm/a.json': 'model', 'm/b.json': 'model', 'm/1/b.json': 'version' });
    assert.deepEqual([await read('a.json'), await read('./b.json')], ['model', 'version']);
  });

  it('reads nothing that lies elsewhere', async (t) => {
    const { read, folder } = await filesOf(t, { 'other/secret.json': '{}', 'm/sub/x.json': '{}' });
    for (const name of ['../other/secret.json', '/etc/passwd', 'sub/x.json', '..', '.hidden', 'a\\b', '', 'x\0']) {
      await assert.rejects(read(name), /expected the name of a file beside the model/);
    }
    await symlink('/etc/passwd', join(folder.dir, 'm/link.json'));
    await assert.rejects(read('link.json'), { message: 'link.json: it is a link to a file outside the model folder' });
    await link(join(folder.dir, 'other/secret.json'), join(folder.dir, 'm/hard.json'));
    await assert.rejects(read('hard.json'), /^Error: hard\.json: it has 2 hard links/);
  });

  it('says what is missing, and what is no file', async (t) => {
    const { read, folder } = await filesOf(t, {});
    await assert.rejects(read('labels.json'), { message: 'labels.json: there is no such file beside the model' });
    await mkdir(join(folder.dir, 'm/folder.json'));
    await assert.rejects(read('folder.json'), { message: 'folder.json: it is no file' });
  });

  it('gives a module another URL after a change, since the engine loads each once', async (t) => {
    const { files, folder } = await filesOf(t, { 'm/mine.mjs': '' });
    const first = await files.moduleUrl('mine.mjs');
    assert.equal(await files.moduleUrl('mine.mjs'), first);
    await utimes(join(folder.dir, 'm/mine.mjs'), 1, 1);
    assert.notEqual(await files.moduleUrl('mine.mjs'), first);
  });
});
