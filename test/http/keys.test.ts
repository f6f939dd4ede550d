import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import request from 'supertest';
import type { ServerConfigInput } from '#src/server.js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { holdInstances } from '../support/instance-gate.js';
import { bearer, keysFile, type TestKey, testKey } from '../support/keys.js';
import { createModelFolder } from '../support/model-folder.js';
import { RawConnection } from '../support/raw-connection.js';
import { startTestServer } from '../support/test-server.js';

const one = testKey('one');
const two = testKey('two');
const inference = testKey('inference', { scopes: ['infer'] });
const item = { model: 'affine', input: [1, 2, 3, 4] };

/** A server that asks for keys, on an address that only this machine reaches. */
async function start(
  t: TestContext,
  { keys = [one, two, inference], ...config }: { keys?: TestKey[] } & ServerConfigInput = {},
) {
  const folder = await createModelFolder({ 'keys.yaml': keysFile(...keys) });
  t.after(() => folder.remove());
  const auth = { keys_file: `${folder.dir}/keys.yaml` };
  const server = await startTestServer({ 'affine.onnx': affine() }, { ...config, auth });
  t.after(() => server.stop());
  return {
    ...server,
    events: new EventWatch(server.millrace),
    /** Puts other keys into the file. */
    change: (...keys: TestKey[]) => folder.write({ 'keys.yaml': keysFile(...keys) }),
    /** Puts any text into the file. */
    write: (text: string) => folder.write({ 'keys.yaml': text }),
    /** The status of a prediction with a key. */
    predict: async (key: TestKey) => (await server.post('/predict', item, bearer(key))).status,
  };
}

describe('a server with keys', () => {
  const closed = [
    ['post', '/predict'],
    ['post', '/models/affine/predict'],
    ['post', '/models/affine/versions/1/predict'],
    ['get', '/models'],
    ['get', '/models/affine'],
    ['get', '/models/no-such-model'],
    ['head', '/models'],
    ['get', '/jobs/1'],
    ['delete', '/jobs/1'],
    ['get', '/metrics'],
  ] as const;

  it('answers nothing but what is public without one, and says how to send it', async (t) => {
    const { server } = await start(t);
    for (const [method, path] of closed) {
      const answer = await request(server)[method](path);
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="millrace"');
      if (method === 'head') continue;
      const { code, path: place, expected } = answer.body;
      assert.deepEqual([code, place], ['UNAUTHENTICATED', 'headers.authorization']);
      assert.equal(expected, 'Authorization: Bearer KEY, or X-Api-Key: KEY');
    }
  });

  it('has a route behind each of these paths', async (t) => {
    const { server } = await start(t);
    for (const [method, path] of closed) {
      const { status, body } = await request(server)[method](path).set(bearer(one));
      assert.ok(status !== 401 && status !== 403 && body.code !== 'NOT_FOUND', `${method} ${path}: ${status}`);
    }
  });

  it('answers what is public to everybody, whatever key they send', async (t) => {
    const { get } = await start(t);
    for (const path of ['/', '/healthz/live', '/healthz/ready', '/version']) {
      await get(path).expect(200);
      await get(path).set({ authorization: 'Bearer mk_unknown' }).expect(200);
    }
  });

  it('takes the key from either header, and never from the query', async (t) => {
    const { get } = await start(t);
    await get('/models').set('Authorization', `bearer ${one.key}`).expect(200);
    await get('/models').set('X-Api-Key', one.key).expect(200);
    await get('/models').set(bearer(one)).set('X-Api-Key', two.key).expect(401);
    for (const name of ['key', 'api_key', 'access_token', 'x-api-key']) {
      await get(`/models?${name}=${one.key}`).expect(401);
    }
  });

  it('takes no key from a header that came twice, of which Node would keep the first', async (t) => {
    const { server } = await start(t);
    const client = await RawConnection.to(server);
    const { authorization } = bearer(one);
    client.write(
      `GET /models HTTP/1.1\r\nHost: test\r\nAuthorization: ${authorization}\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    assert.equal((await client.answer()).status, 401);
    client.socket.destroy();
  });

  it('says which scope a key lacks', async (t) => {
    const { get } = await start(t);
    const { body } = await get('/jobs/1').set(bearer(inference)).expect(403);
    assert.deepEqual([body.code, body.expected], ['FORBIDDEN', 'a key with the scope jobs']);
    await get('/metrics').set(bearer(inference)).expect(403);
    await get('/models').set(bearer(inference)).expect(200);
  });

  it('shows what is served on its page to those alone who may ask for it', async (t) => {
    const { get, millrace } = await start(t, { keys: [one, testKey('metrics', { scopes: ['metrics'] })] });
    for (const sent of [{}, { authorization: 'Bearer mk_unknown' }, bearer(testKey('metrics'))]) {
      const { text } = await get('/').set(sent).expect(200);
      assert.doesNotMatch(text, /affine/);
      assert.match(text, /authorization: Bearer KEY/);
    }
    const { text } = await get('/').set(bearer(one)).expect(200);
    assert.match(text, /^ {2}affine {2}READY$/m);
    assert.ok(
      text.includes(`curl ${millrace.url}/predict -H 'content-type: application/json' -H 'authorization: Bearer KEY'`),
    );
  });

  it('refuses to start where there is no such file, or no keys in it', async (t) => {
    const folder = await createModelFolder({ 'keys.yaml': '- mk_secret' });
    t.after(() => folder.remove());
    const startWith = (file: string) => startTestServer({}, { auth: { keys_file: `${folder.dir}/${file}` } });
    await assert.rejects(startWith('none.yaml'), { code: 'INVALID_REQUEST', message: /none\.yaml: ENOENT/ });
    await assert.rejects(startWith('keys.yaml'), {
      code: 'INVALID_REQUEST',
      message: /keys\.yaml: \[0\]: expected object/,
    });
  });
});

describe('the body of a request without a key', () => {
  const head = (...headers: string[]) => {
    const lines = ['POST /predict HTTP/1.1', 'Host: test', 'Content-Type: application/json', ...headers];
    return `${lines.join('\r\n')}\r\n\r\n`;
  };

  it('is not waited for', async (t) => {
    const { server } = await start(t);
    const client = await RawConnection.to(server);
    client.write(head('Content-Length: 1000000'));
    assert.equal((await client.answer()).status, 401);
    client.socket.destroy();
  });

  it('is not called for where the client asks first; that of a request with a key is', async (t) => {
    const { server } = await start(t);
    const body = JSON.stringify(item);
    const asking = [`Content-Length: ${body.length}`, 'Expect: 100-continue'];
    const stranger = await RawConnection.to(server);
    stranger.write(head(...asking));
    const { status, headers } = await stranger.answer();
    assert.deepEqual([status, headers['connection']], [401, 'close']);
    await stranger.ended;
    const client = await RawConnection.to(server);
    client.write(head(...asking, `X-Api-Key: ${one.key}`));
    assert.equal((await client.answer()).status, 100);
    client.write(body);
    assert.equal((await client.answer()).status, 200);
    client.socket.destroy();
  });
});

describe('the jobs of a tenant', () => {
  it('are unknown to the others, who may use the same ids', async (t) => {
    const { post, get, delete: remove, millrace, events } = await start(t);
    const gate = holdInstances(millrace, 'affine');
    const answers = [one, two].map((key) =>
      post('/predict', { ...item, id: 'same' }, bearer(key)).then(({ status }) => status),
    );
    await events.until('jobQueued', ({ jobId }) => jobId === 'same', 2);
    await post('/predict', { ...item, id: 'same' }, bearer(one)).expect(409);
    const third = bearer(testKey('inference'));
    assert.equal((await get('/jobs/same').set(third)).status, 403);
    await remove('/jobs/same').set(bearer(one)).expect(200);
    assert.equal((await get('/jobs/same').set(bearer(one))).body.state, 'cancelled');
    assert.equal((await get('/jobs/same').set(bearer(two))).body.state, 'running');
    gate.open();
    assert.deepEqual(await Promise.all(answers), [409, 200]);
  });

  it('are not found by another tenant, also when they have finished', async (t) => {
    const { post, get, delete: remove } = await start(t);
    await post('/predict', { ...item, id: 'mine' }, bearer(one)).expect(200);
    await get('/jobs/mine').set(bearer(one)).expect(200);
    for (const asking of [get('/jobs/mine'), remove('/jobs/mine')]) {
      const { body } = await asking.set(bearer(two)).expect(404);
      assert.equal(body.code, 'JOB_NOT_FOUND');
    }
  });

  it('are those of all its keys', async (t) => {
    const other = testKey('other', { tenant: 'one' });
    const { post, get, events } = await start(t, { keys: [one, other] });
    await post('/predict', { ...item, id: 'mine' }, bearer(one)).expect(200);
    await get('/jobs/mine').set(bearer(other)).expect(200);
    const [settled] = await events.until('requestSettled', ({ route }) => route === '/predict');
    assert.deepEqual([settled?.tenant, settled?.remote], ['one', '127.0.0.1']);
  });
});

describe('the keys file', () => {
  it('is read again while the server runs: the old key and the new one, then the new one alone', async (t) => {
    const [old, next] = [testKey('old', { tenant: 'one' }), testKey('next', { tenant: 'one' })];
    const { predict, change, events } = await start(t, { keys: [old] });
    const statuses = async () => [await predict(old), await predict(next)];
    assert.deepEqual(await statuses(), [200, 401]);
    await change(old, next);
    await events.until('filesReloaded', ({ what }) => what === 'keys');
    assert.deepEqual(await statuses(), [200, 200]);
    await change(next);
    await events.until('filesReloaded', () => true, 2);
    assert.deepEqual(await statuses(), [401, 200]);
  });

  it('that has become wrong leaves the keys as they were, and is told of', async (t) => {
    const { predict, write, events } = await start(t);
    await write('- mk_secret');
    const [failed] = await events.until('reloadFailed');
    assert.deepEqual(failed, { what: 'keys', reason: '[0]: expected object, received string' });
    assert.equal(await predict(one), 200);
  });
});
