import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine, rowsInteract, sharedInput } from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';

async function run(t: TestContext, command: 'list' | 'check', contents: FolderContents, args: string[] = []) {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return runCommand(['models', command, ...args], { cwd: folder.dir });
}

describe('millrace models list', () => {
  it('lists what lies in ./models, and what is wrong with it, without loading anything', async (t) => {
    const { code, stdout } = await run(t, 'list', {
      'models/affine.onnx': affine(),
      'models/both/1/model.onnx': affine(),
      'models/both/12/model.onnx': 'never looked into',
      'models/both/2/notes.txt': 'no model',
      'models/empty/readme.md': 'no model',
    });
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.equal(lines[0], 'affine  version 1');
    assert.match(
      lines[1] as string,
      /^both {2}version 1, 12, 2 \(model\.onnx is missing\)$|^both {2}version 1, 2 \(model\.onnx is missing\), 12$/,
    );
    assert.match(lines[2] as string, /^empty {2}it holds neither model\.onnx nor a version folder/);
  });

  it('tells what is wrong with a model.yaml: its keys, and its YAML', async (t) => {
    const { code, stdout } = await run(t, 'list', {
      'models/fine.onnx': affine(),
      'models/misspelt/1/model.onnx': affine(),
      'models/misspelt/model.yaml': 'instnces: { count: 1 }',
      'models/torn/1/model.onnx': affine(),
      'models/torn/model.yaml': 'batching: [',
    });
    assert.equal(code, 0);
    assert.match(stdout, /^fine {2}version 1$/m);
    assert.match(stdout, /^misspelt {2}misspelt\/model\.yaml: instnces: unknown key \(did you mean instances\?\)/m);
    assert.match(stdout, /^torn {2}torn\/model\.yaml: .*line \d/m);
  });

  it('takes another folder, and says that it is empty', async (t) => {
    const { code, stdout } = await run(t, 'list', { 'other/.keep': '' }, ['other']);
    assert.deepEqual([code, stdout], [0, 'other holds no models\n']);
  });

  it('ends with 2 when the folder is missing', async (t) => {
    const { code, stderr } = await run(t, 'list', {}, ['nowhere']);
    assert.equal(code, 2);
    assert.match(stderr, /^millrace: The model folder nowhere is not there/);
  });
});

describe('millrace models check', () => {
  it('says how each model would be served, and ends with 0', async (t) => {
    const { code, stdout, stderr } = await run(t, 'check', {
      'models/affine.onnx': affine(),
      'models/rows.onnx': rowsInteract(),
      'models/shared.onnx': sharedInput(),
    });
    assert.deepEqual([code, stderr], [0, '']);
    const [first, second, third, ...rest] = stdout.trimEnd().split('\n');
    assert.equal(first, 'affine/1  READY  x FP32[N, 4] -> y FP32[N, 4]; cpu; batches of up to 16');
    assert.match(second as string, /^rows\/1 {2}READY {2}.*; cpu; one at a time: rows influence each other/);
    assert.match(
      third as string,
      /^shared\/1 {2}READY {2}x FP32\[N, 3\], scale FP32\[\] -> y FP32\[N, 3\]; cpu; batches/,
    );
    assert.deepEqual(rest, ['all models can be served']);
  });

  it('says what is wrong with each bad model, and ends with 1', async (t) => {
    const { code, stdout } = await run(
      t,
      'check',
      {
        'dir/affine.onnx': affine(),
        'dir/broken.onnx': 'not a model',
        'dir/misspelt/1/model.onnx': affine(),
        'dir/misspelt/model.yaml': 'instnces: { count: 1 }',
        'dir/half/1/model.onnx': affine(),
        'dir/half/model.yaml': 'versions: [1, 3]',
      },
      ['dir'],
    );
    assert.equal(code, 1);
    assert.match(stdout, /^affine\/1 {2}READY/m);
    assert.match(stdout, /^broken\/1 {2}UNAVAILABLE {2}./m);
    assert.match(
      stdout,
      /^misspelt {2}UNAVAILABLE {2}misspelt\/model\.yaml: instnces: unknown key \(did you mean instances\?\)/m,
    );
    assert.match(stdout, /^half {2}UNAVAILABLE {2}half\/model\.yaml: versions: there is no version 3$/m);
    assert.match(stdout, /^3 of the models cannot be served$/m);
  });

  it('is not disturbed by what the environment says of a server', async (t) => {
    const folder = await createModelFolder({ 'models/affine.onnx': affine() });
    t.after(() => folder.remove());
    const env = { MILLRACE_HOST: '0.0.0.0', MILLRACE_PORT: 'x' };
    assert.equal((await runCommand(['models', 'check'], { cwd: folder.dir, env })).code, 0);
  });
});
