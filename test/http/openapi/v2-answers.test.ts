import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { errorTable } from '#src/core/errors.js';
import { operations } from '#src/http/openapi/operations.js';
import type { ServerConfigInput } from '#src/server.js';
import { ApiContract } from '../../support/api-contract.js';
import { ApiDocument, type Part } from '../../support/api-document.js';
import { affine } from '../../support/fixture-models.js';
import { bearer, keysFile, testKey } from '../../support/keys.js';
import { createModelFolder } from '../../support/model-folder.js';
import { startTestServer } from '../../support/test-server.js';

const document = new ApiDocument();
const contract = new ApiContract(document);
const x = { name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] };

/** A server, and a function that sends a request and checks that its answer is documented. */
async function start(t: TestContext, config: ServerConfigInput = {}) {
  const server = await startTestServer({ 'affine.onnx': affine(), 'broken.onnx': 'no model' }, config);
  t.after(() => server.stop());
  return async (operation: string, url: string, request: RequestInit = {}) => {
    const method = operation.split(' ')[0]?.toUpperCase() as string;
    const answer = await fetch(server.millrace.url + url, { method, ...request });
    const wire = { status: answer.status, headers: answer.headers, text: await answer.text() };
    assert.deepEqual(contract.faultsOf(operation, wire), [], `${operation}: ${wire.text}`);
    return wire;
  };
}

describe('what openapi.yaml says of the Open Inference Protocol', () => {
  it('holds for answers that are refused', async (t) => {
    const ask = await start(t, { limits: { body_bytes: 400 } });
    const infer = 'post /v2/models/{name}/infer';
    const cases: [status: number, operation: string, url: string, request?: RequestInit][] = [
      [400, infer, '/v2/models/affine/infer', { body: '{' }],
      [400, infer, '/v2/models/affine/infer', { body: JSON.stringify({ inputs: [] }) }],
      [404, infer, '/v2/models/afine/infer', { body: JSON.stringify({ inputs: [x] }) }],
      [503, infer, '/v2/models/broken/infer', { body: JSON.stringify({ inputs: [x] }) }],
      [413, infer, '/v2/models/affine/infer', { body: '*'.repeat(500) }],
      [501, infer, '/v2/models/affine/infer', { body: '{}', headers: { 'content-encoding': 'zstd' } }],
      [404, 'get /v2/models/{name}', '/v2/models/other'],
      [404, 'get /v2/models/{name}/versions/{version}/stats', '/v2/models/affine/versions/7/stats'],
      [503, 'get /v2/models/{name}/config', '/v2/models/broken/config'],
      [400, 'get /v2/models/{name}/ready', '/v2/models/broken/ready'],
      [503, 'post /v2/repository/models/{name}/unload', '/v2/repository/models/affine/unload'],
      [501, 'post /v2/repository/{repository}/index', '/v2/repository/mine/index'],
      [501, 'post /v2/logging', '/v2/logging'],
      [404, 'get /v2/cudasharedmemory/region/{region}/status', '/v2/cudasharedmemory/region/a/status'],
      [501, 'post /v2/systemsharedmemory/region/{region}/register', '/v2/systemsharedmemory/region/a/register'],
    ];
    for (const [status, operation, url, request] of cases) {
      const answer = await ask(operation, url, request);
      assert.equal(answer.status, status, `${operation}: ${answer.text}`);
    }
  });

  it('holds for requests that are not let in', async (t) => {
    const one = testKey('one', { scopes: ['infer'] });
    const folder = await createModelFolder({ 'keys.yaml': keysFile(one) });
    t.after(() => folder.remove());
    const ask = await start(t, { auth: { keys_file: `${folder.dir}/keys.yaml` } });
    assert.equal((await ask('get /v2/models', '/v2/models')).status, 401);
    assert.equal((await ask('post /v2/logging', '/v2/logging', { headers: bearer(one) })).status, 403);
  });

  it('holds for outputs in the binary form, for statistics, and where nothing is said', async (t) => {
    const ask = await start(t);
    const body = JSON.stringify({ inputs: [x], parameters: { binary_data_output: true } });
    const { headers } = await ask('post /v2/models/{name}/infer', '/v2/models/affine/infer', { body });
    assert.equal(headers.get('content-type'), 'application/octet-stream');
    assert.notEqual(headers.get('inference-header-content-length'), null);
    const { text } = await ask('get /v2/models/{name}/stats', '/v2/models/affine/stats');
    assert.equal(
      (JSON.parse(text) as { model_stats: { inference_count: number }[] }).model_stats[0]?.inference_count,
      1,
    );
    await ask('get /v2/models/{name}/versions/{version}/config', '/v2/models/affine/versions/1/config');
    await ask('post /v2/repository/index', '/v2/repository/index');
    const { text: done } = await ask('post /v2/systemsharedmemory/unregister', '/v2/systemsharedmemory/unregister');
    assert.equal(done, '{}');
  });

  it('holds its errors under the statuses that the table has for the protocol', () => {
    for (const { method, path, errors = [] } of operations.filter((each) => each.path.startsWith('/v2'))) {
      const pointer = document.pointerTo(`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
      for (const code of errors) {
        const place = document.placeOf(`${pointer}/responses/${errorTable[code].v2}`) ?? '';
        const { description, content } = document.at(place) as { description: string; content: Part };
        assert.match(description, new RegExp(`\`${code}\``), `${method} ${path}`);
        assert.deepEqual(Object.keys(content), ['application/json']);
      }
    }
  });
});
