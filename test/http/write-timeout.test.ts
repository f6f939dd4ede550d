import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { ServerConfigInput } from '#src/server.js';
import { affine } from '../support/fixture-models.js';
import { startTestServer } from '../support/test-server.js';

const LARGE = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n';
const SMALL = 'GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A connection that sends requests and reads nothing; and its other end, which is the server's. */
async function connection(t: TestContext, config: ServerConfigInput) {
  const { millrace, server, stop } = await startTestServer({ 'm/model.onnx': affine() }, config);
  t.after(stop);
  const client = connect(Number(new URL(millrace.url).port), '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => undefined).pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  return { client, socket, server };
}

describe('limits.write_timeout_ms', () => {
  it('cuts off a client that takes nothing of its answers', async (t) => {
    const { client, socket } = await connection(t, { limits: { write_timeout_ms: 200 } });
    client.write(LARGE.repeat(8));
    // More than the buffers of the system hold: without the limit this would never come.
    await once(socket, 'close');
  });

  it('ends with the answer: an idle connection is kept as long as any', async (t) => {
    const keep_alive_ms = 12_345;
    const { client, socket, server } = await connection(t, { limits: { write_timeout_ms: 54_321, keep_alive_ms } });
    const answered = new Promise((resolve) => {
      server.once('request', (_request, response) => response.once('close', resolve));
    });
    client.write(SMALL);
    await answered;
    // Newer versions of Node add a little to what they announce.
    const { timeout = 0 } = socket;
    assert.ok(timeout >= keep_alive_ms && timeout < 2 * keep_alive_ms, `${timeout} ms`);
  });
});
