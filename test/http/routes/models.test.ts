import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as models from '../../support/fixture-models.js';
import type { WriterDatatype } from '../../support/onnx-writer.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

const datatypes: WriterDatatype[] = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
];
const external = models.externalData('weights.bin');

const served = {
  ...Object.fromEntries(datatypes.map((name) => [`identity-${name}`, models.identity(name, ['N', 2])])),
  affine: models.affine(),
  differentNames: models.differentNames(),
  fixedBatchFour: models.fixedBatchFour(),
  fixedBatchOne: models.fixedBatchOne(),
  gatherTable: models.gatherTable(),
  hiddenOutputAxis: models.hiddenOutputAxis(),
  inputWithDefault: models.inputWithDefault(),
  minimumLength: models.minimumLength(),
  nanForNegative: models.nanForNegative(),
  noBatchAxis: models.noBatchAxis(),
  oddNames: models.oddNames(),
  rowsInteract: models.rowsInteract(),
  scalarModel: models.scalarModel(),
  sharedInput: models.sharedInput(),
  timeMajor: models.timeMajor(),
  twoDynamicAxes: models.twoDynamicAxes(),
  unnamedAxes: models.unnamedAxes(),
  zeroSize: models.zeroSize(),
};

const refused = { bf16: models.bf16(), notTensor: models.notTensor(), broken: 'not a model' };

let server: TestServer;

before(async () => {
  const files = Object.entries({ ...served, ...refused }).map(([name, model]) => [`${name}/1/model.onnx`, model]);
  server = await startTestServer({
    ...Object.fromEntries(files),
    'external/1/model.onnx': external.model,
    'external/1/weights.bin': external.data,
    'misspelt/1/model.onnx': models.affine(),
    'misspelt/model.yaml': 'batchin: {}',
    'large/1/model.onnx': models.identity('FP32', ['N', 2_001]),
    'both/1/model.onnx': models.affine(),
    'both/2/model.onnx': models.affine(),
    'both/model.yaml': 'versions: all',
  });
});
after(() => server.stop());

describe('the example of GET /models/{name}', () => {
  for (const name of [...Object.keys(served), 'external']) {
    it(`works for ${name} when it is sent back`, async () => {
      const { body } = await server.get(`/models/${name}`).expect(200);
      assert.equal(body.state, 'READY', body.reason);
      const { example, outputs } = body.versions[0];
      assert.equal(example.model, name);
      const answer = await server.post('/predict', example);
      assert.equal(answer.status, 200, answer.text);
      const names = (outputs as { name: string }[]).map((output) => output.name);
      assert.deepEqual(Object.keys(answer.body.output), names);
    });
  }

  it('is left out where it would be too long to read', async () => {
    const [version] = (await server.get('/models/large')).body.versions;
    assert.equal(version.example, undefined);
    assert.equal(version.example_left_out, 'an item has 2001 values');
  });
});

describe('GET /models/{name}', () => {
  it('tells everything about a model', async () => {
    const { body } = await server.get('/models/sharedInput').expect(200);
    const [{ example, memory_bytes: memoryBytes, ...version }] = body.versions;
    assert.ok(memoryBytes >= models.sharedInput().byteLength, `${memoryBytes}`);
    assert.deepEqual(Object.keys(example.input), ['x', 'scale']);
    assert.deepEqual(version, {
      version: '1',
      state: 'READY',
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [-1, 3], symbols: ['N', null], batch_axis: 0 },
        { name: 'scale', datatype: 'FP32', shape: [], symbols: [], batch_axis: null },
      ],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3], symbols: ['N', null], batch_axis: 0 }],
      batching: { batched: true, policy: 'greedy', max_batch_size: 16, max_queue_delay_ms: 0 },
      instances: { count: 1, live: 1, restarts: 0, isolation: 'thread' },
      execution_provider: 'cpu',
      limits: {
        queue_rows: 1_024,
        queue_bytes: 268_435_456,
        max_rows: 1_024,
        timeout_ms: 30_000,
        execution_timeout_ms: 60_000,
      },
    });
  });

  it('says why a model is not batched', async () => {
    const { batching } = (await server.get('/models/rowsInteract')).body.versions[0];
    assert.deepEqual([batching.batched, batching.max_batch_size], [false, 1]);
    assert.match(batching.reason, /rows influence each other/);
  });

  it('finds batch axes that the signature hides', async () => {
    const [hidden] = (await server.get('/models/hiddenOutputAxis')).body.versions;
    assert.deepEqual([hidden.inputs[0].batch_axis, hidden.outputs[0].batch_axis], [0, 1]);
    const [timeMajor] = (await server.get('/models/timeMajor')).body.versions;
    assert.equal(timeMajor.inputs[0].batch_axis, 1);
  });

  const reasons = {
    bf16: /BF16/,
    notTensor: /only tensors are served/,
    broken: /./,
    misspelt: /did you mean batching/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    it(`says why ${name} is unavailable, without a path of the machine`, async () => {
      const { body, text } = await server.get(`/models/${name}`).expect(200);
      assert.equal(body.state, 'UNAVAILABLE');
      assert.match(body.reason, reason);
      assert.ok(!text.includes(server.folder.dir));
      const answer = await server.post('/predict', { model: name, input: 1 }).expect(503);
      assert.equal(answer.body.code, 'MODEL_UNAVAILABLE');
      assert.match(answer.body.detail, reason);
      assert.deepEqual([answer.body.retryable, answer.headers['retry-after']], [false, undefined]);
    });
  }

  it('does not know a model that is not there, and names those that are near', async () => {
    const { body } = await server.get('/models/afine').expect(404);
    assert.deepEqual([body.code, body.did_you_mean], ['MODEL_NOT_FOUND', ['affine']]);
  });
});

describe('GET /models', () => {
  it('lists every model of the folder with its state, by name', async () => {
    const { body } = await server.get('/models').expect(200);
    const list = body.models as { name: string; state: string; reason?: string; versions: object[] }[];
    const names = [...Object.keys(served), ...Object.keys(refused), 'external', 'misspelt', 'large', 'both'].sort();
    assert.deepEqual(
      list.map(({ name }) => name),
      names,
    );
    const down = list.filter(({ state }) => state !== 'READY');
    assert.deepEqual(down.map(({ name }) => name).sort(), ['bf16', 'broken', 'misspelt', 'notTensor']);
    for (const { reason } of down) assert.ok(reason);
    const both = list.find(({ name }) => name === 'both')?.versions as { version: string; state: string }[];
    assert.deepEqual(
      both.map(({ version, state }) => `${version} ${state}`),
      ['1 READY', '2 READY'],
    );
  });
});
