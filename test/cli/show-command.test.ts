import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine, identity, noBatchAxis } from '../support/fixture-models.js';
import { createModelFolder, type FolderContents } from '../support/model-folder.js';
import { sums } from '../support/pipeline-models.js';
import { startTestServer } from '../support/test-server.js';

async function show(t: TestContext, contents: FolderContents, args: string[], env: Record<string, string> = {}) {
  const folder = await createModelFolder(contents);
  t.after(() => folder.remove());
  return runCommand(['models', 'show', ...args], { cwd: folder.dir, env });
}

/** The command line behind `name` in the text, as a shell would read it, without its program. */
function exampleIn(text: string): { predict: string[]; curl: { url: string; body: string } } {
  const [, name = '', input = ''] = /millrace predict (\S+) '([^']*)'/.exec(text) ?? [];
  const [, url = '', body = ''] =
    /curl (\S+) -H 'content-type: application\/json' \\\n\s+-d '([^']*)'/.exec(text) ?? [];
  return { predict: ['predict', name, input], curl: { url, body } };
}

describe('millrace models show', () => {
  it('loads a model and says all that there is to know, with an example that works', async (t) => {
    const server = await startTestServer({ 'affine.onnx': affine() }, { instances: 2 });
    t.after(() => server.stop());
    const { code, stdout, stderr } = await runCommand(['models', 'show', 'affine', '--models', '.'], {
      cwd: server.folder.dir,
      env: { MILLRACE_INSTANCES: '2', MILLRACE_LIMITS__TIMEOUT_MS: '1500', MILLRACE_URL: 'http://127.0.0.1:1' },
    });
    assert.deepEqual([code, stderr], [0, '']);
    const [head, ...rest] = stdout.split('\n');
    assert.equal(head, 'affine, version 1  READY');
    assert.deepEqual(rest.slice(0, 9), [
      '',
      '  input   x  FP32[N, 4]  batch axis 0',
      '  output  y  FP32[N, 4]  batch axis 0',
      '',
      '  batching   greedy, up to 16 items, without waiting for more',
      '  instances  2 of 2 live, each a thread, 0 restarts',
      '  provider   cpu',
      '  limits     1024 items or 256 MiB in the queue, 1.5 s an item',
      '',
    ]);
    const { predict, curl } = exampleIn(stdout);
    const { code: works } = await runCommand([...predict, '--url', server.millrace.url], { cwd: server.folder.dir });
    assert.equal(works, 0);
    assert.equal(new URL(curl.url).origin, 'http://127.0.0.1:8000');
    await server.post(new URL(curl.url).pathname, curl.body).expect(200);
  });

  it('shows the steps of a pipeline, and what flows between them', async (t) => {
    const { code, stdout } = await show(t, sums, ['sums', '--models', '.'], { MILLRACE_MODEL_CODE: 'true' });
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    const at = lines.indexOf('  pipeline: takes text, gives json');
    assert.deepEqual(lines.slice(at + 1, at + 5), [
      '  from text  split.mjs  text               ->  tensor FP32[4]',
      '             input x    tensor FP32[4]     ->  tensors x FP32[4]',
      '  answer     output y   tensors y FP32[4]  ->  tensor FP32[4]',
      '             sum.mjs    tensor FP32[4]     ->  json',
    ]);
    assert.match(stdout, /^ {2}no example: its first step does not say what an item looks like$/m);
  });

  it('says why a model runs one item at a time, or not at all, or why no example is shown', async (t) => {
    const models = {
      'models/odd/1/model.onnx': noBatchAxis(),
      'models/odd/2/model.onnx': 'no model',
      'models/odd/model.yaml': 'versions: { latest: 2 }',
      'models/empty/x': '',
    };
    const { code, stdout } = await show(t, models, ['odd']);
    assert.equal(code, 0);
    assert.match(stdout, /^odd, version 1 {2}READY$/m);
    assert.match(stdout, /^ {2}input {3}x {2}FP32\[2, 3\] {2}no batch axis$/m);
    assert.match(stdout, /^ {2}batching {3}one item at a time: ./m);
    assert.match(stdout, /^odd, version 2 {2}UNAVAILABLE: ./m);
    const wide = await show(t, { 'wide.onnx': identity('FP32', ['N', 500]) }, ['wide', '--models', '.']);
    assert.match(wide.stdout, /^ {2}the example has \d{4} characters: --json shows it$/m);
    const empty = await show(t, models, ['empty']);
    assert.match(empty.stdout, /^empty {2}UNAVAILABLE: it holds neither model\.onnx nor a version folder.*\n$/);
  });

  it('prints for programs what the server says', async (t) => {
    const server = await startTestServer({ 'affine.onnx': affine() });
    t.after(() => server.stop());
    const args = ['affine', '--json'];
    const asked = await show(t, {}, [...args, '--url', server.millrace.url]);
    assert.equal(asked.code, 0);
    assert.deepEqual(JSON.parse(asked.stdout), (await server.get('/models/affine')).body);
    const loaded = await show(t, { 'models/affine.onnx': affine() }, args, { MILLRACE_INSTANCES: '1' });
    // What it takes in memory is measured, and differs.
    const [here, there] = [loaded.stdout, asked.stdout].map((text) => text.replace(/"memory_bytes":\d+,/, ''));
    assert.equal(here, there);
  });

  it('says that the model is unknown, or that no server is there', async (t) => {
    const unknown = await show(t, { 'models/affine.onnx': affine() }, ['afine']);
    assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
    assert.match(unknown.stderr, /^millrace: There is no model of this name\. Did you mean affine\?\n$/);
    const unreachable = await show(t, {}, ['affine', '--url', 'http://no-such-host.invalid']);
    assert.equal(unreachable.code, 1);
    assert.match(
      unreachable.stderr,
      /^millrace: cannot reach a server at http:\/\/no-such-host\.invalid \(.*\); start .*\n$/,
    );
  });
});
