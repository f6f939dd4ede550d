import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadStep, ownStepKind } from '#src/pipelines/own-step.js';
import { createModelFolder, type ModelFolder } from '../support/model-folder.js';
import { fakeContext } from '../support/steps.js';

const modules = {
  'good.mjs': `export default { takes: ['text', 'record'], gives: 'json', run: (value, options) => ({ value, options }) };`,
  'typed.mjs': `export default { takes: 'text', gives: { kind: 'tensor', datatype: 'INT64', shape: [2, null] }, run: () => 0 };`,
  'typed.ts': `export default { takes: 'text', gives: 'json', run: (text: string): number => text.length };`,
  'batch.mjs': `
    export default {
      takes: 'text', gives: 'text', suffix: '!',
      run(text) { return text + this.suffix; },
      runBatch(texts) { return texts.map((text) => (text === 'bad' ? new Error('no') : text === 'odd' ? 7 : text + texts.length)); },
    };`,
  'empty.mjs': '',
  'no-run.mjs': `export default { takes: 'text', gives: 'text' };`,
  'odd-kind.mjs': `export default { takes: 'sound', gives: 'text', run: () => '' };`,
  'broken.mjs': 'export default {',
  'throws.mjs': `throw new Error('no licence');`,
};

let folder: ModelFolder;
before(async () => {
  folder = await createModelFolder(modules);
});
after(() => folder.remove());

const load = async (file: string) =>
  ownStepKind(file, await loadStep(file, pathToFileURL(`${folder.dir}/${file}`).href));

describe('an own step', () => {
  it('takes and gives what it says, and gets its options', async () => {
    const kind = await load('good.mjs');
    assert.deepEqual([kind.takes, kind.gives], [['text', 'record'], ['json']]);
    const step = await kind.resolve({ a: 1 }, { kind: 'text' }, fakeContext());
    assert.equal(step.runs, 'own');
    assert.deepEqual(await step.run('x'), { value: 'x', options: { a: 1 } });
  });

  it('may say what tensors it gives', async () => {
    const step = await (await load('typed.mjs')).resolve({}, { kind: 'text' }, fakeContext());
    assert.deepEqual(step.gives, { kind: 'tensor', datatype: 'INT64', shape: [2, { symbol: null }] });
  });

  it('is called on what it exports, and may take several values at once', async () => {
    const step = await (await load('batch.mjs')).resolve({}, { kind: 'text' }, fakeContext());
    assert.equal(await step.run('a'), 'a!');
    assert.deepEqual(await step.runBatch?.(['a', 'b']), ['a2', 'b2']);
    const results = (await step.runBatch?.(['a', 'bad'])) ?? [];
    assert.ok(results[1] instanceof Error);
    await assert.rejects(async () => step.runBatch?.(['odd']), /batch\.mjs gives text and returned number/);
  });

  it('may be TypeScript where Node strips types', async () => {
    const canStrip = Boolean((process.features as { typescript?: unknown }).typescript);
    if (canStrip) assert.deepEqual((await load('typed.ts')).gives, ['json']);
    else await assert.rejects(load('typed.ts'), /^Error: typed\.ts is TypeScript, which this Node does not run/);
  });

  for (const [file, message] of [
    ['empty.mjs', /^empty\.mjs must export \{takes, gives, run\} by default: /],
    ['no-run.mjs', /^no-run\.mjs must export .*: run: expected a function$/],
    ['odd-kind.mjs', /^odd-kind\.mjs must export .*: takes: /],
    ['broken.mjs', /^broken\.mjs cannot be loaded: /],
    ['throws.mjs', /^throws\.mjs cannot be loaded: no licence$/],
    ['missing.mjs', /^missing\.mjs cannot be loaded: /],
  ] as const) {
    it(`is refused with a reason: ${file}`, async () => {
      await assert.rejects(load(file), { message });
    });
  }
});
