import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ServerConfigInput } from '#src/server.js';
import { affine, identity } from '../../support/fixture-models.js';
import type { FolderContents } from '../../support/model-folder.js';
import { startTestServer } from '../../support/test-server.js';
import { askV2, type V2Request } from '../../support/v2-client.js';

const x = { name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] };
const infer: V2Request = { body: { inputs: [x] } };
const raw: V2Request = {
  body: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer),
  headers: { 'inference-header-content-length': '0' },
};

async function start(t: TestContext, contents: FolderContents, config: ServerConfigInput) {
  const server = await startTestServer(contents, config);
  t.after(() => server.stop());
  const ask = (path: string, request?: V2Request) => askV2(server.millrace, `/v2${path}`, request);
  const index = async (body: object = {}) => {
    const { json } = await ask('/repository/index', { body });
    const lines = json as unknown as { name: string; version?: string; state: string }[];
    return lines.map(({ name, version, state }) => `${name} ${version} ${state}`);
  };
  const predict = async (headers: Record<string, string>) => {
    const { body } = await server.post('/models/m/predict', { input: x.data }, headers).expect(200);
    return body.version as string;
  };
  return { ask, index, predict };
}

describe('versions over the protocol', () => {
  const contents = {
    'm/1/model.onnx': affine(),
    'm/2/model.onnx': identity('FP32', ['N', 4]),
    'm/model.yaml': 'aliases: { stable: 1, canary: { version: 2, weight: 50 } }',
  };

  it('are found by number and by alias', async (t) => {
    const { ask } = await start(t, contents, {});
    const named = { 1: '1', 2: '2', stable: '1', canary: '2', latest: '2' };
    for (const [version, expected] of Object.entries(named)) {
      const { json } = await ask(`/models/m/versions/${version}/infer`, infer);
      assert.equal(json['model_version'], expected);
      assert.equal((await ask(`/models/m/versions/${version}/ready`)).status, 200);
    }
    assert.equal((await ask('/models/m/versions/beta/infer', infer)).status, 404);
    assert.deepEqual((await ask('/models/m')).json['versions'], ['1', '2']);
  });

  it('are shared out to clients as for predictions', async (t) => {
    const { ask, predict } = await start(t, contents, {});
    const seen = new Set<string>();
    for (let client = 0; client < 20; client += 1) {
      const headers = { 'x-routing-key': `client-${client}` };
      const expected = await predict(headers);
      assert.equal((await ask('/models/m/infer', { ...infer, headers })).json['model_version'], expected);
      seen.add(expected);
    }
    assert.equal(seen.size, 2);
  });
});

describe('a model that is not loaded yet', () => {
  const contents = { 'm.onnx': affine(), 'bad.onnx': 'no model' };

  for (const [what, request] of Object.entries({ infer, raw })) {
    it(`is loaded by the first request, ${what}`, async (t) => {
      const { ask, index } = await start(t, contents, { load_at_start: 'none' });
      assert.deepEqual(await index({ ready: true }), ['bad 1 READY', 'm 1 READY']);
      assert.equal((await ask('/models/m/ready')).status, 200);
      const answers = await Promise.all([1, 2, 3].map(() => ask('/models/m/infer', request)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200],
      );
      assert.deepEqual(await index(), ['bad 1 READY', 'm 1 READY']);
      const { status, json } = await ask('/models/bad/infer', request);
      assert.equal(status, 503);
      assert.match(json.error ?? '', /^Request for unknown model: 'bad' is not at ready state: /);
      assert.deepEqual(await index({ ready: true }), ['m 1 READY']);
    });
  }

  it('is loaded by whoever asks what it takes', async (t) => {
    const { ask, index } = await start(t, contents, { load_at_start: 'none' });
    const [metadata, config] = await Promise.all([ask('/models/m'), ask('/models/m/config')]);
    assert.deepEqual(metadata.json['inputs'], [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }]);
    assert.equal(config.json['name'], 'm');
    assert.deepEqual(await index(), ['bad 1 READY', 'm 1 READY']);
  });
});

describe('load and unload over the protocol', () => {
  const explicit = { model_control: 'explicit' } as const;

  it('do what they say', async (t) => {
    const { ask, index } = await start(t, { 'm.onnx': affine() }, explicit);
    const unload = { body: { parameters: { unload_dependents: true } } };
    assert.equal((await ask('/repository/models/m/unload', unload)).status, 200);
    assert.deepEqual(await index(), ['m 1 UNAVAILABLE']);
    assert.equal((await ask('/models/m/ready')).status, 400);
    assert.equal((await ask('/models/m/infer', infer)).status, 503);
    assert.equal((await ask('/repository/models/m/load', { body: '' })).status, 200);
    assert.deepEqual(await index(), ['m 1 READY']);
    assert.equal((await ask('/repository/models/other/load', { body: {} })).status, 404);
  });

  it('take a configuration and files', async (t) => {
    const { ask, index } = await start(t, { 'm.onnx': affine() }, explicit);
    const config = JSON.stringify({ name: 'm', backend: 'onnxruntime', max_batch_size: 3 });
    const file = Buffer.from(identity('FP32', ['N', 4])).toString('base64');
    const load = (parameters: object) => ask('/repository/models/m/load', { body: { parameters } });
    assert.equal((await load({ config })).status, 200);
    assert.equal((await ask('/models/m/config')).json['max_batch_size'], 3);
    assert.equal((await load({ config, 'file:7/model.onnx': file })).status, 200);
    assert.deepEqual(await index(), ['m 7 READY']);
    assert.deepEqual((await ask('/models/m/infer', infer)).json.outputs?.[0]?.data, x.data);
    const broken = await load({ config, 'file:8/model.onnx': 'AAAA' });
    assert.match(broken.json.error ?? '', /^failed to load 'm': /);
    assert.deepEqual(await index(), ['m 7 READY', 'm 8 UNAVAILABLE'], 'what was served is served still');
  });

  it('are refused while the folder is followed', async (t) => {
    const { ask } = await start(t, { 'm.onnx': affine() }, { model_control: 'watch' });
    const { status, json } = await ask('/repository/models/m/load', { body: {} });
    assert.equal(status, 503);
    assert.match(json.error ?? '', /^explicit model load \/ unload is not allowed if polling is enabled/);
  });
});
