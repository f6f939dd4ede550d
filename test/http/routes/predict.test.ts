import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventWatch } from '../../support/event-watch.js';
import { affine, identity, nanForNegative, sharedInput } from '../../support/fixture-models.js';
import { metricValue } from '../../support/metrics-text.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer({
    'affine.onnx': affine(),
    'root/1/model.onnx': nanForNegative(),
    'both/1/model.onnx': affine(),
    'both/2/model.onnx': identity('FP32', ['N', 4]),
    'both/model.yaml': 'versions: all',
    'shared.onnx': sharedInput(),
    'number.onnx': identity('INT64', ['N']),
    'text.onnx': identity('BYTES', ['N', 'words']),
  });
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const input = [1, 2, 3, 4];
const y = [3, 5, 7, 9];

describe('POST /predict with input', () => {
  it('answers with the output, how it ran, and under which id', async () => {
    const { body, headers } = await server.post('/predict', { model: 'affine', input }).expect(200);
    assert.deepEqual(Object.keys(body), ['id', 'model', 'version', 'output', 'timings_ms', 'batch_size']);
    assert.match(body.id, /^[\da-f-]{36}$/);
    assert.deepEqual([body.model, body.version, body.output, body.batch_size], ['affine', '1', { y }, 1]);
    const phases = ['queue', 'preprocess', 'inference', 'postprocess', 'total'];
    assert.deepEqual(Object.keys(body.timings_ms), phases);
    assert.ok(body.timings_ms.total >= body.timings_ms.inference && body.timings_ms.inference > 0);
    assert.match(headers['content-type'] as string, /^application\/json/);
  });

  it('takes arrays by name, and several inputs', async () => {
    assert.deepEqual((await server.post('/predict', { model: 'affine', input: { x: input } })).body.output, { y });
    const several = { model: 'shared', input: { x: [1, 2, 3], scale: 10 } };
    assert.deepEqual((await server.post('/predict', several)).body.output, { y: [10, 20, 30] });
  });

  it('takes a plain value where an item is one', async () => {
    const { body } = await server.post('/predict', { model: 'number', input: 2 ** 53 - 1 }).expect(200);
    assert.deepEqual(body.output, { y: 2 ** 53 - 1 });
  });

  it('gives text back as it came', async () => {
    const words = ['größer', '🌊', '', '"quoted"\n'];
    const { body } = await server.post('/predict', { model: 'text', input: words }).expect(200);
    assert.deepEqual(body.output, { y: words });
  });

  it('takes the model and the version from the path', async () => {
    for (const path of ['/models/affine/predict', '/models/affine/versions/1/predict']) {
      assert.deepEqual((await server.post(path, { input }).expect(200)).body.output, { y });
    }
    await server.post('/models/affine/versions/1/predict', { model: 'affine', version: 1, input }).expect(200);
  });

  it('refuses a body that names another model or version than the path', async () => {
    const wrongModel = await server.post('/models/affine/predict', { model: 'both', input }).expect(400);
    assert.deepEqual([wrongModel.body.code, wrongModel.body.path], ['INVALID_REQUEST', 'model']);
    const wrongVersion = await server.post('/models/both/versions/1/predict', { version: 2, input }).expect(400);
    assert.deepEqual([wrongVersion.body.path, wrongVersion.body.expected], ['version', '1']);
  });

  it('runs the version that is named, as a number or as text, else the newest', async () => {
    for (const [version, output] of [
      [1, y],
      ['1', y],
      [2, input],
      ['2', input],
      [undefined, input],
    ] as const) {
      const { body } = await server.post('/predict', { model: 'both', version, input }).expect(200);
      assert.deepEqual([body.version, body.output], [String(version ?? 2), { y: output }]);
    }
    const { body } = await server.post('/models/both/versions/1/predict', { input }).expect(200);
    assert.deepEqual([body.version, body.output], ['1', { y }]);
  });

  it('gives an error of its own for an output that JSON cannot say', async () => {
    const { body } = await server.post('/predict', { model: 'root', input: [4, -1, 0, 9] }).expect(422);
    assert.deepEqual([body.code, body.path, body.got], ['OUTPUT_NOT_FINITE', 'output.y', 'NaN in element 1']);
  });

  it('counts a job whose output JSON cannot say as failed, wherever it is told of', async () => {
    const labels = { model: 'root', outcome: 'OUTPUT_NOT_FINITE' };
    const failed = async () => metricValue((await server.get('/metrics')).text, 'millrace_jobs_total', labels) ?? 0;
    const before = await failed();
    await server.post('/predict', { model: 'root', id: 'not-finite', input: [4, -1, 0, 9] }).expect(422);
    const { body } = await server.get('/jobs/not-finite').expect(200);
    assert.deepEqual([body.state, body.error.code], ['failed', 'OUTPUT_NOT_FINITE']);
    assert.equal((await failed()) - before, 1);

    const inputs = [[1, 1, 1, 1], [1, 4, -1, 9], input];
    const list = await server.post('/predict', { model: 'root', id: 'finite-or-not', inputs }).expect(200);
    assert.deepEqual(list.body.outputs[0].output, { y: [1, 1, 1, 1] });
    const items = (await server.get('/jobs/finite-or-not')).body.items as { state: string; error?: { code: string } }[];
    assert.deepEqual(
      items.map(({ state, error }) => [state, error?.code]),
      [
        ['succeeded', undefined],
        ['failed', 'OUTPUT_NOT_FINITE'],
        ['succeeded', undefined],
      ],
    );
    assert.equal((await failed()) - before, 2);
  });

  it('tells of an input that does not fit as of a refused job, once', async () => {
    const labels = { model: 'affine', version: '1', reason: 'INVALID_INPUT' };
    const refused = async () =>
      metricValue((await server.get('/metrics')).text, 'millrace_rejections_total', labels) ?? 0;
    const before = await refused();
    await server.post('/predict', { model: 'affine', id: 'misfit', input: [1] }).expect(400);
    const rejected = await events.until('jobRejected', ({ jobId }) => jobId === 'misfit');
    assert.deepEqual(rejected, [{ model: 'affine', version: '1', jobId: 'misfit', rows: 1, code: 'INVALID_INPUT' }]);
    assert.equal((await refused()) - before, 1);
    assert.equal(events.all('jobRejected', ({ jobId }) => jobId === 'misfit').length, 1);
  });

  it('takes an id from the client', async () => {
    for (const id of ['mine', 'a b/ü', 'x'.repeat(64)]) {
      assert.equal((await server.post('/predict', { model: 'affine', id, input }).expect(200)).body.id, id);
    }
  });
});

describe('POST /predict with inputs', () => {
  it('answers with one output for each item, in order', async () => {
    const inputs = [[0, 0, 0, 0], input, { x: [5, 5, 5, 5] }];
    const { body } = await server.post('/predict', { model: 'affine', id: 'list', inputs }).expect(200);
    assert.deepEqual(Object.keys(body), ['id', 'model', 'version', 'outputs']);
    assert.deepEqual([body.id, body.model, body.version], ['list', 'affine', '1']);
    const outputs = (body.outputs as { output: object }[]).map(({ output }) => output);
    assert.deepEqual(outputs, [{ y: [1, 1, 1, 1] }, { y }, { y: [11, 11, 11, 11] }]);
    for (const item of body.outputs) {
      assert.deepEqual(Object.keys(item), ['output', 'timings_ms', 'batch_size']);
      assert.equal(item.batch_size, 3);
    }
  });

  it('gives a bad item its own error and leaves its neighbours alone', async () => {
    const inputs = [
      [1, 4, 9, 16],
      [1, null, 3, 4],
      [1, 1],
      [1, 4, -1, 9],
      [4, 4, 4, 4],
    ];
    const { body, headers } = await server.post('/predict', { model: 'root', inputs }).expect(200);
    const [first, second, third, fourth, fifth] = body.outputs;
    assert.deepEqual([first.output, fifth.output], [{ y: [1, 2, 3, 4] }, { y: [2, 2, 2, 2] }]);
    assert.deepEqual([first.batch_size, fifth.batch_size], [3, 3]);
    assert.deepEqual([second.error.code, second.error.path], ['INVALID_INPUT', 'inputs[1][1]']);
    assert.deepEqual([third.error.code, third.error.path], ['INVALID_INPUT', 'inputs[2]']);
    assert.deepEqual([fourth.error.code, fourth.error.status], ['OUTPUT_NOT_FINITE', 422]);
    assert.deepEqual(Object.keys(second), ['error']);
    assert.equal(second.error.request_id, headers['x-request-id']);
  });

  it('answers 200 also when all items failed', async () => {
    const { body } = await server.post('/predict', { model: 'affine', inputs: [[1], 'x'] }).expect(200);
    assert.deepEqual(
      (body.outputs as { error: { code: string } }[]).map(({ error }) => error.code),
      ['INVALID_INPUT', 'INVALID_INPUT'],
    );
  });

  it('makes each item a job of its own', async () => {
    await server.post('/predict', { model: 'affine', id: 'group', inputs: [input, input] }).expect(200);
    const settled = await events.until('jobSettled', ({ jobId }) => jobId.startsWith('group.'), 2);
    assert.deepEqual(settled.map(({ jobId }) => jobId).sort(), ['group.0', 'group.1']);
  });
});
