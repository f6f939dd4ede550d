import assert from 'node:assert/strict';
import { rename, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { RepositoryWatch } from '#src/repository/repository-watch.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { VirtualClock } from '../support/virtual-clock.js';

async function watched(t: TestContext, contents: FolderContents) {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  const clock = new VirtualClock();
  const watch = await RepositoryWatch.open(folder.dir, clock);
  t.after(() => watch.close());
  /** Looks once; gives the names that were told. */
  const look = async () => {
    const told: string[] = [];
    await watch.look(async (names) => void told.push(...names));
    return told.sort();
  };
  return { folder, watch, look, clock };
}

describe('RepositoryWatch', () => {
  it('tells nothing while nothing changes', async (t) => {
    const { look } = await watched(t, { 'a/1/model.onnx': affine(), 'b.onnx': affine() });
    assert.deepEqual([await look(), await look()], [[], []]);
  });

  it('tells of what has come, changed and gone, at the second look, once', async (t) => {
    const { folder, look } = await watched(t, {
      'a/1/model.onnx': affine(),
      'b.onnx': affine(),
      'c/1/model.onnx': 'c',
    });
    await folder.write({ 'a/model.yaml': 'versions: all', 'd.onnx': affine() });
    await folder.take('b.onnx');
    assert.deepEqual(await look(), []);
    assert.deepEqual(await look(), ['a', 'b', 'd']);
    assert.deepEqual(await look(), []);
  });

  it('leaves alone what is still growing', async (t) => {
    const { folder, look } = await watched(t, {});
    const model = Buffer.from(affine());
    for (let bytes = 10; bytes < model.length; bytes += 40) {
      await folder.write({ 'new/1/model.onnx': model.subarray(0, bytes) });
      assert.deepEqual(await look(), []);
    }
    await folder.write({ 'new/1/model.onnx': model });
    assert.deepEqual([await look(), await look()], [[], ['new']]);
  });

  it('leaves alone what is filled in place, with its size and its times as before', async (t) => {
    const { folder, look } = await watched(t, {});
    const path = join(folder.dir, 'new/1/model.onnx');
    const at = new Date(1e12);
    for (const fill of ['aaaa', 'abaa', 'abca']) {
      await folder.write({ 'new/1/model.onnx': fill });
      await utimes(path, at, at);
      assert.deepEqual(await look(), [], fill);
    }
    assert.deepEqual(await look(), ['new']);
  });

  it('takes a folder that is renamed into its place at the second look', async (t) => {
    const { folder, look } = await watched(t, { '.next/1/model.onnx': affine(), 'm/1/model.onnx': 'old' });
    await rename(join(folder.dir, 'm'), join(folder.dir, '.old'));
    await rename(join(folder.dir, '.next'), join(folder.dir, 'm'));
    assert.deepEqual([await look(), await look()], [[], ['m']]);
  });

  it('takes no notice of a folder that is gone for a moment', async (t) => {
    const { folder, look } = await watched(t, { 'a.onnx': affine() });
    await rename(folder.dir, `${folder.dir}-away`);
    assert.deepEqual([await look(), await look(), await look()], [[], [], []]);
    await rename(`${folder.dir}-away`, folder.dir);
    assert.deepEqual([await look(), await look()], [[], []]);
  });

  it('is not led astray by links that lead nowhere or in a circle', async (t) => {
    const { folder, look } = await watched(t, { 'a/1/model.onnx': affine() });
    await symlink(join(folder.dir, 'nowhere'), join(folder.dir, 'a/1/gone'));
    await symlink(join(folder.dir, 'a'), join(folder.dir, 'a/1/round'));
    assert.deepEqual([await look(), await look(), await look()], [[], ['a'], []]);
  });

  it('looks every second until it is closed', async (t) => {
    const { folder, watch, clock } = await watched(t, {});
    const told = new Promise<readonly string[]>((resolve) => {
      watch.start(async (names) => resolve(names));
    });
    await folder.write({ 'a.onnx': affine() });
    let isTold = false;
    void told.then(() => {
      isTold = true;
      return isTold;
    });
    // A look reads files: how many turns of the event loop that takes is not ours to say.
    while (!isTold) await clock.advance(100);
    assert.deepEqual(await told, ['a']);
    watch.close();
    await clock.advance(10_000);
    assert.equal(clock.pendingTimers, 0);
  });
});
