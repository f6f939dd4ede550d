import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ServerConfigInput } from '#src/server.js';
import { ApiContract } from '../../support/api-contract.js';
import { ApiDocument } from '../../support/api-document.js';
import { affine } from '../../support/fixture-models.js';
import { bearer, keysFile, testKey } from '../../support/keys.js';
import { createModelFolder } from '../../support/model-folder.js';
import { startTestServer } from '../../support/test-server.js';

const contract = new ApiContract(new ApiDocument());
const one = testKey('one', { scopes: ['infer'] });
const json = { 'content-type': 'application/json' };
const predict = 'post /predict';
const explicit = { model_control: 'explicit' } as const;

/** A server that asks for keys, and a function that sends a request and checks that its answer is documented. */
async function start(t: TestContext, config: ServerConfigInput = {}) {
  const folder = await createModelFolder({ 'keys.yaml': keysFile(one) });
  t.after(() => folder.remove());
  const auth = { keys_file: `${folder.dir}/keys.yaml` };
  const server = await startTestServer({ 'affine.onnx': affine(), 'broken.onnx': 'no model' }, { auth, ...config });
  t.after(() => server.stop());
  return async (operation: string, url: string, request: RequestInit = {}) => {
    const answer = await fetch(server.millrace.url + url, {
      method: operation.split(' ')[0]?.toUpperCase() as string,
      ...request,
    });
    const wire = { status: answer.status, headers: answer.headers, text: await answer.text() };
    assert.deepEqual(contract.faultsOf(operation, wire), [], `${operation}: ${wire.text}`);
    return { ...wire, code: (JSON.parse(wire.text) as { code?: string }).code };
  };
}

describe('what openapi.yaml says of errors', () => {
  it('holds for requests that are not let in', async (t) => {
    const ask = await start(t);
    const { code, headers } = await ask('get /models', '/models');
    assert.deepEqual([code, headers.get('www-authenticate')], ['UNAUTHENTICATED', 'Bearer realm="millrace"']);
    assert.equal((await ask('get /metrics', '/metrics', { headers: bearer(one) })).code, 'FORBIDDEN');
  });

  it('holds for requests that are refused', async (t) => {
    const ask = await start(t, { limits: { body_bytes: 200, max_rows: 2 } });
    const key = bearer(one);
    const item = { model: 'affine', input: [1, 2, 3, 4] };
    const cases: [code: string, body: string, headers: Record<string, string>][] = [
      ['INVALID_JSON', '{', json],
      ['INVALID_REQUEST', '{}', json],
      ['INVALID_INPUT', JSON.stringify({ ...item, input: [1] }), json],
      ['TOO_MANY_ROWS', JSON.stringify({ model: 'affine', inputs: [1, 2, 3] }), json],
      ['MODEL_NOT_FOUND', JSON.stringify({ ...item, model: 'afine' }), json],
      ['VERSION_NOT_FOUND', JSON.stringify({ ...item, version: 7 }), json],
      ['MODEL_UNAVAILABLE', JSON.stringify({ ...item, model: 'broken' }), json],
      ['PAYLOAD_TOO_LARGE', JSON.stringify({ ...item, input: '*'.repeat(200) }), json],
      ['UNSUPPORTED_MEDIA_TYPE', 'a text', { 'content-type': 'text/plain' }],
      ['UNSUPPORTED_MEDIA_TYPE', JSON.stringify(item), { ...json, 'content-encoding': 'zstd' }],
    ];
    for (const [expected, body, headers] of cases) {
      const { code } = await ask(predict, '/predict', { body, headers: { ...headers, ...key } });
      assert.equal(code, expected);
    }
  });

  it('holds for models that load and unload', async (t) => {
    const folder = await startTestServer(
      { 'm/1/model.onnx': affine(), 'm/model.yaml': 'aliases: { stable: 1 }' },
      explicit,
    );
    t.after(() => folder.stop());
    const order = async (name: string, what: 'load' | 'unload', body = '') => {
      const answer = await fetch(`${folder.millrace.url}/models/${name}/${what}`, { method: 'POST', body });
      const wire = { status: answer.status, headers: answer.headers, text: await answer.text() };
      assert.deepEqual(contract.faultsOf(`post /models/{name}/${what}`, wire), [], wire.text);
      return wire.status;
    };
    assert.deepEqual([await order('m', 'unload'), await order('m', 'load')], [200, 200]);
    assert.equal(await order('m', 'load', '{"config": {"batching": 1}}'), 422);
    assert.equal(await order('m', 'load', '['), 400);
    assert.equal(await order('other', 'unload'), 404);
  });

  it('holds for a list whose items all came to different ends', async (t) => {
    const ask = await start(t);
    const body = JSON.stringify({ model: 'affine', id: 'list', inputs: [[1, 2, 3, 4], 'text', [1]] });
    assert.equal((await ask(predict, '/predict', { body, headers: { ...json, ...bearer(one) } })).status, 200);
  });

  it('holds with CORS, for a page of an origin that may read the answers', async (t) => {
    const ask = await start(t, { cors: { origins: ['https://example.org'] } });
    const { headers } = await ask('get /version', '/version', { headers: { origin: 'https://example.org' } });
    assert.equal(headers.get('access-control-allow-origin'), 'https://example.org');
  });

  it('holds for a server with no model that can be used, and for a model that is not there', async (t) => {
    const folder = await startTestServer({ 'broken.onnx': 'no model' });
    t.after(() => folder.stop());
    for (const [operation, url, status] of [
      ['get /healthz/ready', '/healthz/ready', 503],
      ['get /models', '/models', 200],
      ['get /models/{name}', '/models/broken', 200],
      ['get /models/{name}', '/models/other', 404],
      ['get /docs/{file}', '/docs/other.js', 404],
    ] as const) {
      const answer = await fetch(folder.millrace.url + url);
      const wire = { status: answer.status, headers: answer.headers, text: await answer.text() };
      assert.equal(wire.status, status);
      assert.deepEqual(contract.faultsOf(operation, wire), [], url);
    }
  });
});

describe('ApiContract', () => {
  const wire = (changes: object) => {
    const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': '1' });
    return { status: 200, headers, text: '{"live":true}', ...changes };
  };
  const faults = (changes: object) => contract.faultsOf('get /healthz/live', wire(changes)).join('\n');

  it('finds what is not documented, and what is missing', () => {
    assert.equal(faults({ status: 201 }), '201 is not documented');
    assert.match(faults({}), /Content-Security-Policy is missing/);
    assert.match(faults({ text: '{"live":false}' }), /\/live must be equal to constant/);
    assert.match(faults({ text: '{"live":true,"more":1}' }), /must NOT have additional properties/);
    assert.equal(
      faults({ headers: new Headers({ 'content-type': 'text/html' }) }),
      'content-type text/html is not documented',
    );
    const headers = new Headers({ 'content-type': 'application/json', 'x-strange': '1' });
    assert.match(faults({ headers }), /header x-strange is not documented/);
  });
});
