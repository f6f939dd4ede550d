import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { affine } from '../support/fixture-models.js';
import { bearer, keysFile, testKey } from '../support/keys.js';
import { createModelFolder } from '../support/model-folder.js';
import { RawConnection } from '../support/raw-connection.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

const shop = 'https://shop.example';
const item = { model: 'affine', input: [1, 2, 3, 4] };

/** What every answer carries. */
const expected = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

function assertGuarded(headers: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value, name);
}

describe('every answer', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ 'affine.onnx': affine() });
  });
  after(() => server.stop());

  it('tells browsers to make nothing of it: predictions, jobs, pages, and errors of all kinds', async () => {
    const { post, get } = server;
    const answers = [
      await post('/predict', { ...item, id: 'a' }).expect(200),
      await get('/jobs/a').expect(200),
      await get('/').expect(200),
      await get('/models').expect(200),
      await get('/metrics').expect(200),
      await post('/predict', '{').expect(400),
      await get('/nothing').expect(404),
      await get('/%ff').expect(404),
      await get('/predict').expect(405),
    ];
    for (const { headers } of answers) assertGuarded(headers);
  });

  it('does so also where there was no request that could be read', async () => {
    const client = await RawConnection.to(server.server);
    client.write('hello\r\n\r\n');
    const { status, headers } = await client.answer();
    assert.equal(status, 400);
    assertGuarded(headers);
  });

  it('says nothing to pages of other origins, unless the operator allows them', async () => {
    const answer = await server.get('/models').set('Origin', shop).expect(403);
    const names = Object.keys(answer.headers).filter((name) => /^(access-control-|vary)/.test(name));
    assert.deepEqual(names, []);
    const asking = { Origin: shop, 'Access-Control-Request-Method': 'GET' };
    const response = await fetch(`${server.millrace.url}/models`, { method: 'OPTIONS', headers: asking });
    assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [405, null]);
  });
});

/** A server that asks for keys and takes requests of pages of these origins. */
async function startFor(t: TestContext, ...origins: string[]) {
  const key = testKey('one');
  const folder = await createModelFolder({ 'keys.yaml': keysFile(key) });
  t.after(() => folder.remove());
  const config = { auth: { keys_file: `${folder.dir}/keys.yaml` }, cors: { origins } };
  const { millrace, stop } = await startTestServer({ 'affine.onnx': affine() }, config);
  t.after(stop);
  /** The status, and the headers that say what a page may do. */
  const ask = async (method: string, path: string, headers: Record<string, string>) => {
    const response = await fetch(millrace.url + path, { method, headers });
    await response.arrayBuffer();
    const told = [...response.headers].filter(([name]) => /^(access-control-|vary)/.test(name));
    return { status: response.status, ...Object.fromEntries(told) };
  };
  const preflight = (path: string, origin: string) =>
    ask('OPTIONS', path, { origin, 'access-control-request-method': 'POST' });
  return { ask, preflight, key: bearer(key) };
}

const readable = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'X-Request-Id, Retry-After, Inference-Header-Content-Length, traceparent',
});

describe('pages of origins that are allowed', () => {
  it('may read every answer, and caches are told that it depends on the origin', async (t) => {
    const { ask, key } = await startFor(t, shop, 'http://localhost:3000');
    for (const [path, headers, status] of [
      ['/models', key, 200],
      ['/models', {}, 401],
      ['/nothing', {}, 404],
    ] as const) {
      const answer = await ask('GET', path, { ...headers, origin: shop });
      assert.deepEqual(answer, { status, ...readable(shop), vary: 'Origin' });
    }
    const local = await ask('GET', '/version', { origin: 'http://localhost:3000' });
    assert.deepEqual(local, { status: 200, ...readable('http://localhost:3000'), vary: 'Origin' });
    for (const other of ['https://shop.example.evil.example', 'http://shop.example', 'null', `${shop}, ${shop}`]) {
      assert.deepEqual(await ask('GET', '/version', { origin: other }), { status: 200, vary: 'Origin' });
    }
    assert.deepEqual(await ask('GET', '/version', {}), { status: 200, vary: 'Origin' });
  });

  it('are told what a path takes before they send, without a key', async (t) => {
    const { preflight } = await startFor(t, shop);
    const rest = {
      'access-control-allow-headers':
        'Authorization, X-Api-Key, Content-Type, Content-Encoding, Inference-Header-Content-Length, X-Request-Id, X-Request-Timeout-Ms, X-Request-Queue-Timeout-Ms, X-Request-Execution-Timeout-Ms, X-Routing-Key, traceparent',
      'access-control-max-age': '600',
      vary: 'Origin',
    };
    for (const [path, methods] of [
      ['/predict', 'POST'],
      ['/models/affine', 'GET, HEAD'],
      ['/jobs/a', 'GET, DELETE, HEAD'],
    ] as const) {
      const expected = { status: 200, ...readable(shop), ...rest, 'access-control-allow-methods': methods };
      assert.deepEqual(await preflight(path, shop), expected);
    }
    assert.deepEqual(await preflight('/predict', 'https://other.example'), { status: 405, vary: 'Origin' });
    assert.equal((await preflight('/nothing', shop)).status, 404);
  });

  it('get no answer to OPTIONS that is no such question', async (t) => {
    const { ask } = await startFor(t, shop);
    assert.equal((await ask('OPTIONS', '/predict', { origin: shop })).status, 405);
    assert.equal((await ask('OPTIONS', '/predict', { 'access-control-request-method': 'POST' })).status, 405);
  });

  it('are all where the operator says so', async (t) => {
    const { ask, preflight } = await startFor(t, '*');
    assert.deepEqual(await ask('GET', '/version', { origin: shop }), { status: 200, ...readable('*') });
    assert.deepEqual(await ask('GET', '/version', {}), { status: 200, ...readable('*') });
    const { status, 'access-control-allow-origin': origin } = (await preflight('/predict', shop)) as Record<
      string,
      unknown
    >;
    assert.deepEqual([status, origin], [200, '*']);
  });
});
