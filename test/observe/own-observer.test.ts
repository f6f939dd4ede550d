import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadObserver } from '#src/observe/own-observer.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { startTestServer } from '../support/test-server.js';

const modules = {
  'plain.mjs': 'export default { on: { jobSettled() {} } };',
  'named.mjs': `export default { name: 'mine', on: {}, maxLoopShare: 0.5 };`,
  'made.mjs': `export default async (options) => ({ name: options.name, on: {} });`,
  'tells.mjs': `
    import { appendFileSync } from 'node:fs';
    export default ({ file }) => ({
      on: { jobSettled: ({ model, outcome }) => appendFileSync(file, model + ' ' + outcome + '\\n') },
    });`,
  'empty.mjs': '',
  'odd.mjs': `export default { on: { jobSettled: 7 } };`,
  'throws.mjs': `throw new Error('no licence');`,
};

let folder: ModelFolder;
before(async () => {
  folder = await createModelFolder(modules);
});
after(() => folder.remove());

const load = (file: string, options?: unknown) =>
  loadObserver({ file: join(folder.dir, file), options }, 'observers[0]');

describe('an observer in a file', () => {
  it('is called like its file, unless it says otherwise', async () => {
    assert.equal((await load('plain.mjs')).name, 'plain.mjs');
    const { name, maxLoopShare } = await load('named.mjs');
    assert.deepEqual([name, maxLoopShare], ['mine', 0.5]);
  });

  it('may be made by a function, from its options', async () => {
    assert.equal((await load('made.mjs', { name: 'chosen' })).name, 'chosen');
  });

  for (const [file, reason] of [
    ['empty.mjs', /it must export an observer by default/],
    ['odd.mjs', /on\.jobSettled: expected a function/],
    ['throws.mjs', /no licence/],
    ['missing.mjs', /missing\.mjs/],
  ] as const) {
    it(`keeps the server from starting, with its place: ${file}`, async () => {
      await assert.rejects(load(file), { code: 'INVALID_REQUEST', details: { path: 'observers[0]' }, message: reason });
    });
  }

  it('is told of what happens in the server', async (t) => {
    const file = join(folder.dir, 'told.txt');
    const observers = [{ file: join(folder.dir, 'tells.mjs'), options: { file } }];
    const server = await startTestServer({ 'affine.onnx': affine() }, { observers });
    t.after(() => server.stop());
    await server.post('/predict', { model: 'affine', input: [1, 2, 3, 4] }).expect(200);
    // Metrics are read after all observers have been told.
    await server.get('/metrics').expect(200);
    assert.equal(await readFile(file, 'utf8'), 'affine succeeded\n');
  });
});
