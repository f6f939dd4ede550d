import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startCommand } from '../support/command-line.js';
import { affine } from '../support/fixture-models.js';
import { endless, HARMLESS } from '../support/hostile-models.js';
import { postJson } from '../support/http-client.js';
import { metricValue } from '../support/metrics-text.js';
import { createModelFolder } from '../support/model-folder.js';
import { childrenOf } from '../support/process-list.js';
import { spawnServer } from '../support/spawned-server.js';

/** A server with a model in a thread that hangs inside native code. */
async function withHungThread(t: TestContext, wrapper: readonly string[] = []) {
  const folder = await createModelFolder({
    'models/endless/1/model.onnx': endless(),
    'models/endless/model.yaml': 'instances: { count: 1 }\nlimits: { execution_timeout_ms: 300 }',
  });
  t.after(() => folder.remove());
  const env = { MILLRACE_SHUTDOWN__GRACE_MS: '0' };
  const server = await spawnServer([], { cwd: folder.dir, env, wrapper });
  t.after(() => server.stop());
  const send = (...input: number[]) => postJson(`${server.url}/predict`, { model: 'endless', input });
  const { status, body } = await send(HARMLESS + 1, 0, 0, 0);
  assert.deepEqual([status, body['code']], [504, 'EXECUTION_TIMEOUT']);
  return { server, send };
}

describe('a thread that hangs in native code', () => {
  it('is given up and counted; another takes over; the server ends, by a signal', async (t) => {
    const { server, send } = await withHungThread(t);
    const { status, body } = await send(1, 2, 3, 4);
    assert.deepEqual([status, body['output']], [200, { y: [3, 5, 7, 9] }]);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.equal(metricValue(text, 'millrace_threads_given_up'), 1);
    assert.equal(metricValue(text, 'millrace_instance_crashes_total', { model: 'endless', cause: 'timeout' }), 1);
    server.signal('SIGTERM');
    assert.deepEqual(await server.exit, { code: null, signal: 'SIGKILL' });
    assert.equal(server.log().at(-1)?.['msg'], 'stopped');
  });

  it('keeps no container from stopping, where the server is process 1', async (t) => {
    const wrapper = ['unshare', '--pid', '--fork', '--kill-child'];
    if (spawnSync('unshare', [...wrapper.slice(1), 'true']).status !== 0) return t.skip('there is no unshare');
    const { server } = await withHungThread(t, wrapper);
    // The one that waits for it passes no signal on.
    for (const child of childrenOf(server.pid)) process.kill(child, 'SIGTERM');
    const { code, signal } = await server.exit;
    assert.ok(signal !== null || (code ?? 0) > 128, `${code} ${signal}`);
    assert.equal(server.log().at(-1)?.['msg'], 'stopped');
  });
});

describe('SIGTERM while the server starts', () => {
  it('ends it, and it ends well', async (t) => {
    const folder = await createModelFolder({ 'models/model.onnx': affine() });
    t.after(() => folder.remove());
    const settings = join(folder.dir, 'settings.yaml');
    if (spawnSync('mkfifo', [settings]).status !== 0) return t.skip('there is no mkfifo');
    const command = startCommand(['serve', '--port', '0', '--config', settings], { cwd: folder.dir });
    t.after(() => command.process.kill('SIGKILL'));
    // Waits until the server opens its settings, which holds it there until they are written.
    const file = openSync(settings, 'w');
    command.process.kill('SIGTERM');
    writeSync(file, 'log: { level: info }\n');
    closeSync(file);
    assert.deepEqual(await command.exit, { code: 0, signal: null });
    assert.doesNotMatch(command.stdout(), /listening/);
  });
});
