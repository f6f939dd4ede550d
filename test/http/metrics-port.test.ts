import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { createServer as createMillrace } from '#src/server.js';
import { affine } from '../support/fixture-models.js';
import { createModelFolder } from '../support/model-folder.js';
import { startTestServer } from '../support/test-server.js';

const models = { 'm/model.onnx': affine() };

describe('metrics.port', () => {
  it('answers GET /metrics and nothing else', async (t) => {
    const { millrace, stop } = await startTestServer(models, { metrics: { port: 0 } });
    t.after(stop);
    const url = millrace.metricsUrl ?? assert.fail('no second port');
    assert.notEqual(new URL(url).port, new URL(millrace.url).port);
    const metrics = await fetch(`${url}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(await metrics.text(), /^millrace_model_state\{.*state="READY"\} 1$/m);
    for (const path of ['/', '/predict', '/models', '/v2', '/healthz/live']) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
    assert.equal((await fetch(`${millrace.url}/metrics`)).status, 200);
  });

  it('is not there unless it is set', async (t) => {
    const { millrace, stop } = await startTestServer(models);
    t.after(stop);
    assert.equal(millrace.metricsUrl, undefined);
  });

  it('ends with the server', async (t) => {
    const { millrace, stop } = await startTestServer(models, { metrics: { port: 0 } });
    t.after(stop);
    const url = millrace.metricsUrl ?? assert.fail('no second port');
    await millrace.close();
    await assert.rejects(fetch(`${url}/metrics`));
    assert.equal(millrace.metricsUrl, undefined);
  });

  it('keeps the server from starting where another program has it', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const folder = await createModelFolder(models);
    t.after(() => folder.remove());
    const config = { models: folder.dir, port: 0, log: { level: 'silent' }, grpc: { port: 'off' } } as const;
    const millrace = await createMillrace({ ...config, metrics: { port } });
    t.after(() => millrace.destroy());
    await assert.rejects(millrace.listen(), { code: 'EADDRINUSE' });
  });
});
