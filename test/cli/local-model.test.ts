import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { bytes, sums } from '../support/pipeline-models.js';

/** A step that leaves a file behind when it is loaded. */
const leavesTrace = (trace: string) => `
  import { writeFileSync } from 'node:fs';
  writeFileSync('${trace}', '');
  export default { takes: 'tensor', gives: 'json', run: () => 1 };`;

async function folderWith(t: TestContext, contents: FolderContents) {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return folder.dir;
}

const inModels = (contents: FolderContents): FolderContents =>
  Object.fromEntries(Object.entries(contents).map(([path, content]) => [`models/${path}`, content]));

/** A process that ends by itself has an exit code; one that has to be killed has none. */
const predict = (cwd: string, args: string[], env: Record<string, string> = {}) =>
  runCommand(['predict', ...args], { cwd, env });

describe('millrace predict --local', () => {
  it('loads the model, answers, and ends', async (t) => {
    const cwd = await folderWith(t, { 'models/affine.onnx': affine() });
    const { code, stdout, stderr } = await predict(cwd, ['affine', '--local', '[1,2,3,4]']);
    assert.deepEqual([code, stdout], [0, 'y  [3, 5, 7, 9]\n']);
    assert.match(stderr, /^affine, version 1: [\d.]+ ms, by itself\n$/);
  });

  it('answers many items, and says which failed', async (t) => {
    const cwd = await folderWith(t, { 'models/affine.onnx': affine() });
    const items = Array.from({ length: 20 }, (_, index) => (index === 13 ? '[1]' : `[${index},0,0,0]`));
    const { code, stdout } = await predict(cwd, ['affine', '--local', '--json', ...items]);
    assert.equal(code, 1);
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { y?: number[]; error?: object });
    assert.deepEqual(
      answers.map(({ y, error }) => y?.[0] ?? typeof error),
      items.map((_, index) => (index === 13 ? 'object' : 2 * index + 1)),
    );
  });

  it('loads no other model, and runs none of their code', async (t) => {
    const cwd = await folderWith(t, {
      ...inModels(sums),
      'models/other/model.onnx': affine(),
      'models/other/model.yaml': 'pipeline: { postprocess: [trace.mjs] }',
      'models/other/trace.mjs': leavesTrace('other.trace'),
      'models/garbage.onnx': 'no model',
    });
    const env = { MILLRACE_MODEL_CODE: 'true' };
    const { code, stdout } = await predict(cwd, ['sums', '--local', '--json', '1 2 3 4'], env);
    assert.deepEqual([code, stdout], [0, '{"sum":24}\n']);
    assert.equal(existsSync(join(cwd, 'other.trace')), false);
    assert.equal((await predict(cwd, ['other', '--local', '[1,2,3,4]'], env)).stdout, '1\n');
    assert.equal(existsSync(join(cwd, 'other.trace')), true);
  });

  it('needs no key and no TLS, whatever the settings say of a server', async (t) => {
    const cwd = await folderWith(t, { 'models/affine.onnx': affine() });
    const tls = { MILLRACE_TLS__CERT: 'none.pem', MILLRACE_TLS__KEY: 'none.pem' };
    const env = { MILLRACE_AUTH__KEYS_FILE: 'none.yaml', ...tls };
    assert.equal((await predict(cwd, ['affine', '--local', '[1,2,3,4]'], env)).stdout, 'y  [3, 5, 7, 9]\n');
  });

  it('knows the tensor form of a pipeline by its name', async (t) => {
    const cwd = await folderWith(t, inModels(bytes));
    const env = { MILLRACE_MODEL_CODE: 'true' };
    const { code, stdout } = await predict(cwd, ['bytes.tensors', '--local', '--json', '[1,2,3,4]'], env);
    assert.deepEqual([code, stdout], [0, '{"y":[3,5,7,9]}\n']);
  });

  it('has the settings of serve: the file, over it the environment, over it the options', async (t) => {
    const cwd = await folderWith(t, {
      'elsewhere/affine.onnx': affine(),
      'here/affine.onnx': affine(),
      'here/affine/x': 'a clash: this folder has no such model to serve',
      'millrace.yaml': `models: elsewhere\nlimits: { body_bytes: 30 }\nobservers: [nowhere.mjs]\nport: 1`,
    });
    const item = '[1,2,3,4]';
    assert.equal((await predict(cwd, ['affine', '--local', item])).code, 0);
    const long = await predict(cwd, ['affine', '--local', '--json', '[1,2,3,4.000000000000]']);
    assert.deepEqual([long.code, /"PAYLOAD_TOO_LARGE"/.test(long.stdout)], [1, true]);
    const env = {
      MILLRACE_MODELS: 'here',
      MILLRACE_PORT: 'x',
      MILLRACE_HOST: '0.0.0.0',
      MILLRACE_URL: 'http://127.0.0.1:1',
    };
    assert.equal((await predict(cwd, ['affine', '--local', item], env)).code, 1);
    assert.equal((await predict(cwd, ['affine', '--models', 'elsewhere', item], env)).code, 0);
  });

  it('says that a model cannot be loaded, is unknown, or lies in no folder', async (t) => {
    const cwd = await folderWith(t, { 'models/affine.onnx': affine(), 'models/garbage.onnx': 'no', ...inModels(sums) });
    const garbage = await predict(cwd, ['garbage', '--local', '1']);
    assert.equal(garbage.code, 1);
    assert.match(garbage.stderr, /^millrace: Model garbage is unavailable: .+\n$/);
    const forbidden = await predict(cwd, ['sums', '--local', '1']);
    assert.match(forbidden.stderr, /^millrace: Model sums is unavailable: .* model_code: true\.\n$/);
    assert.deepEqual(await predict(cwd, ['afine', '--local', '1']), {
      code: 1,
      stdout: '',
      stderr: 'millrace: There is no model of this name. Did you mean affine?\n',
    });
    const nowhere = await predict(cwd, ['affine', '--models', 'nowhere', '1']);
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /^millrace: The model folder nowhere is not there/);
  });

  it('says what is wrong with the settings', async (t) => {
    const cwd = await folderWith(t, { 'models/affine.onnx': affine() });
    const { code, stderr } = await predict(cwd, ['affine', '--local', '1'], { MILLRACE_INSTANCES: '0' });
    assert.equal(code, 2);
    assert.match(stderr, /^millrace: MILLRACE_INSTANCES: .*\n$/);
  });
});
