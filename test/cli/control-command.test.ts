import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCommand } from '../support/command-line.js';
import { affine } from '../support/fixture-models.js';
import { startTestServer } from '../support/test-server.js';

describe('millrace models load and unload', () => {
  it('have a server do it, and say how the versions stand', async (t) => {
    const server = await startTestServer({ 'm.onnx': affine() }, { model_control: 'explicit' });
    t.after(() => server.stop());
    const run = (what: string, name: string) =>
      runCommand(['models', what, name], { cwd: server.folder.dir, env: { MILLRACE_URL: server.millrace.url } });
    const unloaded = await run('unload', 'm');
    const said = 'm, version 1  UNAVAILABLE: it was unloaded by request\n';
    assert.deepEqual(unloaded, { code: 0, stdout: said, stderr: '' });
    assert.deepEqual(await run('load', 'm'), { code: 0, stdout: 'm, version 1  READY\n', stderr: '' });
    const { code, stderr } = await run('load', 'n');
    assert.equal(code, 1);
    assert.match(stderr, /no model of this name/);
  });

  it('say how a server allows it', async (t) => {
    const server = await startTestServer({ 'm.onnx': affine() });
    t.after(() => server.stop());
    const args = ['models', 'unload', 'm', '--url', server.millrace.url];
    const { code, stderr } = await runCommand(args, { cwd: server.folder.dir });
    assert.equal(code, 1);
    assert.match(stderr, /--model-control explicit/);
  });
});
