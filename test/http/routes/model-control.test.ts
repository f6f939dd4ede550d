import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { affine, identity } from '../../support/fixture-models.js';
import { metricValue } from '../../support/metrics-text.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

const contents = {
  'm/1/model.onnx': affine(),
  'm/2/model.onnx': identity('FP32', ['N', 4]),
  'm/model.yaml': 'aliases: { stable: 1, canary: { version: 2, weight: 20 } }',
};

interface VersionView {
  readonly version: string;
  readonly state: string;
}

const standing = ({ body }: { body: { versions: VersionView[] } }) =>
  body.versions.map(({ version, state }) => `${version} ${state}`);

let server: TestServer;
before(async () => {
  server = await startTestServer(contents, { model_control: 'explicit' });
});
after(() => server.stop());

describe('POST /predict', () => {
  const ask = async (version: string | number | undefined, headers = {}) => {
    const { body } = await server.post('/models/m/predict', { input: [1, 2, 3, 4], version }, headers).expect(200);
    return body.version as string;
  };

  it('takes a version by its number or its alias, in the body and in the path', async () => {
    assert.deepEqual(await Promise.all([1, '2', 'stable', 'canary', 'latest'].map((version) => ask(version))), [
      '1',
      '2',
      '1',
      '2',
      '2',
    ]);
    const { body } = await server.post('/models/m/versions/canary/predict', { input: [1, 2, 3, 4] }).expect(200);
    assert.deepEqual([body.version, body.output], ['2', { y: [1, 2, 3, 4] }]);
    const wrong = await server.post('/models/m/versions/beta/predict', { input: [1, 2, 3, 4] }).expect(404);
    assert.deepEqual([wrong.body.code, wrong.body.expected], ['VERSION_NOT_FOUND', '1, 2, stable, canary']);
  });

  it('shares requests that name none out by the weights, and keeps a client on its side', async () => {
    const versions: string[] = [];
    for (let request = 0; request < 50; request += 1) versions.push(await ask(undefined));
    const canaries = versions.filter((version) => version === '2').length;
    assert.ok(canaries >= 9 && canaries <= 11, `${canaries} of 50, expected 10`);
    const sides = new Map<string, string>();
    for (let round = 0; round < 3; round += 1) {
      for (let client = 0; client < 20; client += 1) {
        const version = await ask(undefined, { 'X-Routing-Key': `client-${client}` });
        assert.equal(sides.get(`${client}`) ?? version, version);
        sides.set(`${client}`, version);
      }
    }
    assert.deepEqual(new Set(sides.values()), new Set(['1', '2']));
  });
});

describe('POST /models/{name}/load and /unload', () => {
  it('unload, load, and show how the model stands', async () => {
    assert.deepEqual(standing(await server.post('/models/m/unload', '').expect(200)), [
      '1 UNAVAILABLE',
      '2 UNAVAILABLE',
    ]);
    const refused = await server.post('/models/m/predict', { input: [1, 2, 3, 4] }).expect(503);
    assert.match(refused.body.detail, /it was unloaded by request/);
    assert.deepEqual(standing(await server.post('/models/m/load', '').expect(200)), ['1 READY', '2 READY']);
    const { body } = await server.get('/models').expect(200);
    const [{ aliases, versions }] = body.models;
    assert.deepEqual(aliases, { stable: { version: '1', weight: 0 }, canary: { version: '2', weight: 20 } });
    for (const { memory_bytes: bytes } of versions) assert.ok(bytes > 0);
  });

  it('load with a configuration and files that come with the request', async () => {
    const file = Buffer.from(identity('FP32', ['N', 3])).toString('base64');
    const load = { config: { max_batch_size: 4 }, files: { '9/model.onnx': file } };
    const { body } = await server.post('/models/brought/load', load).expect(200);
    assert.deepEqual(standing({ body }), ['9 READY']);
    const answer = await server.post('/models/brought/predict', { input: [1, 2, 3] }).expect(200);
    assert.deepEqual(answer.body.output, { y: [1, 2, 3] });
    const { batching } = (await server.get('/models/brought')).body.versions[0];
    assert.equal(batching.max_batch_size, 4);
  });

  for (const [body, code, status] of [
    ['{', 'INVALID_JSON', 400],
    ['{"confg": {}}', 'INVALID_REQUEST', 400],
    ['{"config": 1}', 'INVALID_REQUEST', 400],
    ['{"files": {"1/model.onnx": "AAAA"}}', 'INVALID_REQUEST', 400],
    ['{"config": {}, "files": {"1/model.onnx": "?"}}', 'INVALID_REQUEST', 400],
    ['{"config": {}, "files": {"../model.onnx": "AAAA"}}', 'INVALID_REQUEST', 400],
    ['{"config": {}, "files": {"1/model.onnx": "AAAA"}}', 'LOAD_FAILED', 422],
    ['{"config": {"batching": 1}}', 'LOAD_FAILED', 422],
  ] as const) {
    it(`refuse ${body}, and the model stays as it was`, async () => {
      const answer = await server.post('/models/m/load', body).expect(status);
      assert.equal(answer.body.code, code);
      await server.post('/models/m/predict', { input: [1, 2, 3, 4] }).expect(200);
    });
  }

  it('show why what is served is not what was to be loaded', async () => {
    await server.post('/models/m/load', { config: { batching: 1 } }).expect(422);
    const { body } = await server.get('/models/m').expect(200);
    assert.match(body.reload_problem, /parameters\.config: batching/);
    await server.post('/models/m/load', '').expect(200);
    assert.equal((await server.get('/models/m')).body.reload_problem, undefined);
  });

  it('know no other models', async () => {
    for (const name of ['nothing', '..%2Fm', 'm.tensors']) {
      assert.equal((await server.post(`/models/${name}/load`, '').expect(404)).body.code, 'MODEL_NOT_FOUND');
      assert.equal((await server.post(`/models/${name}/unload`, '').expect(404)).body.code, 'MODEL_NOT_FOUND');
    }
  });
});

describe('a server that was not told to take control', () => {
  it('refuses to load and unload, and says how to allow it', async (t) => {
    const other = await startTestServer({ 'm.onnx': affine() });
    t.after(() => other.stop());
    for (const what of ['load', 'unload']) {
      const { body } = await other.post(`/models/m/${what}`, '').expect(403);
      assert.equal(body.code, 'MODEL_CONTROL_OFF');
      assert.match(body.detail, /--model-control explicit/);
    }
  });

  it('loads models with the first request, if it is told to', async (t) => {
    const other = await startTestServer({ 'm.onnx': affine(), 'bad.onnx': 'no model' }, { load_at_start: 'none' });
    t.after(() => other.stop());
    await other.get('/healthz/ready').expect(200);
    assert.deepEqual(standing(await other.get('/models/m')), ['1 EVICTED']);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => other.post('/models/m/predict', { input: [index, 0, 0, 0] })),
    );
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.output?.y[0]]),
      [0, 1, 2, 3, 4].map((index) => [200, 2 * index + 1]),
    );
    assert.deepEqual(standing(await other.get('/models/m')), ['1 READY']);
    const { body } = await other.post('/models/bad/predict', { input: [1] }).expect(503);
    assert.equal(body.code, 'MODEL_UNAVAILABLE');
  });
});

describe('memory_bytes', () => {
  it('counts what processes of instances hold', async (t) => {
    const yaml = 'instances: { isolation: process, count: 2 }';
    const other = await startTestServer({ 'm/1/model.onnx': affine(), 'm/model.yaml': yaml });
    t.after(() => other.stop());
    const { text } = await other.get('/metrics');
    const held = metricValue(text, 'millrace_instance_resident_bytes') ?? 0;
    assert.ok(held > 0);
    assert.ok((metricValue(text, 'millrace_model_memory_bytes') ?? 0) >= held);
    const { body } = await other.get('/models/m');
    assert.ok(body.versions[0].memory_bytes >= held);
  });
});
