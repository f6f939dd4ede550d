import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { affine } from '../support/fixture-models.js';
import { RawConnection } from '../support/raw-connection.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

const MAX_ARRIVING = 3_000_000;

let server: TestServer;

before(async () => {
  server = await startTestServer({ 'affine.onnx': affine() }, { limits: { arriving_bytes: MAX_ARRIVING } });
});
after(() => server.stop());

const item = { model: 'affine', input: [1, 2, 3, 4] };

async function assertStillServes(): Promise<void> {
  const { body } = await server.post('/predict', item).expect(200);
  assert.deepEqual(body.output, { y: [3, 5, 7, 9] });
}

/** Settles with the next request, once so many bytes of its body have come. */
function nextRequest(bytes: number): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    server.server.once('request', (request) => {
      let arrived = 0;
      request.on('data', (chunk: Buffer) => {
        arrived += chunk.length;
        if (arrived >= bytes) resolve(request);
      });
    });
  });
}

describe('a body that costs more than its bytes', () => {
  it('such as one of 300,000 empty objects is refused before it is parsed', async () => {
    const text = `{"model":"affine","input":[${'{},'.repeat(300_000)}{}]}`;
    const { body } = await server.post('/predict', text).expect(400);
    assert.deepEqual([body.code, body.expected, body.path], ['INVALID_JSON', 'at most 200000', 'body']);
    await assertStillServes();
  });

  it('such as one of 100,000 unknown keys gets a small answer', async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 0]);
    const { body, text } = await server.post('/predict', Object.fromEntries(keys)).expect(400);
    assert.equal(body.code, 'INVALID_REQUEST');
    assert.match(body.detail, /99990 more unknown keys/);
    assert.ok(text.length < 10_000, `${text.length} characters`);
    await assertStillServes();
  });

  it('such as one that inflates to more than the server may hold is refused while it does', async () => {
    const bytes = gzipSync(Buffer.alloc(MAX_ARRIVING + 1, ' '));
    const sent = server.post('/predict', bytes, { 'Content-Encoding': 'gzip' }).serialize((data) => data as string);
    const { body, headers } = await sent.expect(503);
    assert.deepEqual([body.code, body.retryable, headers['retry-after']], ['OVERLOADED', true, '1']);
    await assertStillServes();
  });

  it('such as one with a key of a megabyte gets a small answer', async () => {
    const { text } = await server.post('/predict', { ...item, ['k'.repeat(1_000_000)]: 0 }).expect(400);
    assert.ok(text.length < 2_000, `${text.length} characters`);
  });
});

describe('bodies that arrive at the same time', () => {
  const head = 'POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length:';

  it('are refused beyond what all of them may hold, until one has come or its client has left', async () => {
    const slow = await RawConnection.to(server.server);
    const arrived = nextRequest(MAX_ARRIVING);
    slow.write(`${head} ${MAX_ARRIVING + 1}\r\n\r\n${' '.repeat(MAX_ARRIVING)}`);
    const request = await arrived;
    const { body, headers } = await server.post('/predict', item).expect(503);
    assert.deepEqual([body.code, body.retryable, headers['retry-after']], ['OVERLOADED', true, '1']);
    await server.get('/healthz/live').expect(200);
    const closed = new Promise<void>((resolve) => request.once('close', resolve));
    slow.socket.destroy();
    await closed;
    await assertStillServes();
  });
});
