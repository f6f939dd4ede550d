import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { affine } from '../support/fixture-models.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

/* A model around which every step is the operator's own: y = 2x + 1 on four numbers that come as a text. */

const files = {
  'own/model.onnx': affine(),
  'own/model.yaml': `
    pipeline:
      preprocess: [{ split.mjs: { separator: ' ' } }]
      postprocess: [sum.mjs]`,
  'own/split.mjs': `
    export default {
      takes: 'text',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [4] },
      run(text, { separator }) {
        const data = Float32Array.from(text.split(separator), Number);
        if (data.includes(NaN)) {
          throw Object.assign(new Error('The text holds something that is no number.'), { code: 'INVALID_INPUT', expected: 'numbers' });
        }
        return { datatype: 'FP32', shape: [data.length], data };
      },
    };`,
  'own/sum.mjs': `
    export default {
      takes: 'tensor',
      gives: 'json',
      run({ data }) {
        const sum = data.reduce((all, each) => all + each, 0);
        if (sum === 13 * 4) throw new Error('unlucky');
        return { sum };
      },
    };`,
  // Without preprocessing: the native tensors, and the answer of the steps behind.
  'behind/model.onnx': affine(),
  'behind/model.yaml': 'pipeline: { postprocess: [sum.mjs] }',
  'behind/sum.mjs': `export default { takes: 'tensor', gives: 'json', run: ({ data }) => [...data].length };`,
  'clash/model.onnx': affine(),
  'clash/model.yaml': 'pipeline: { postprocess: [sum.mjs] }',
  'clash/sum.mjs': `export default { takes: 'tensor', gives: 'json', run: () => 1 };`,
  'clash.tensors.onnx': affine(),
};

let server: TestServer;
before(async () => {
  server = await startTestServer(files, { model_code: true });
});
after(() => server.stop());

const ask = (input: unknown, model = 'own') => server.post('/predict', { id: 'job-1', model, input });

describe('a model with own steps', () => {
  it('answers what they make of it', async () => {
    const { body } = await ask('1 2 3 4').expect(200);
    assert.deepEqual([body.model, body.version, body.output, body.batch_size], ['own', '1', { sum: 24 }, 1]);
    assert.ok(body.timings_ms.preprocess > 0 && body.timings_ms.postprocess > 0, JSON.stringify(body.timings_ms));
  });

  it('takes several items, of which one may fail', async () => {
    const { body } = await server.post('/models/own/predict', { inputs: ['1 1 1 1', 'one', '2 2 2 2'] }).expect(200);
    assert.deepEqual(
      body.outputs.map((item: { output?: object }) => item.output),
      [{ sum: 12 }, undefined, { sum: 20 }],
    );
    const { error } = body.outputs[1];
    assert.deepEqual([error.code, error.path, error.expected], ['INVALID_INPUT', 'inputs[1]', 'numbers']);
  });

  it('says that a step failed, and not more', async () => {
    const { body } = await ask('6 6 6 6').expect(500);
    assert.deepEqual([body.code, /sum\.mjs/.test(body.detail)], ['STEP_FAILED', true]);
    assert.doesNotMatch(JSON.stringify(body), /unlucky|own\//);
  });

  it('says that a step gave the model something else', async () => {
    const { body } = await ask('1 2 3').expect(500);
    assert.deepEqual([body.code, body.expected, body.got], ['STEP_FAILED', 'FP32[4]', 'FP32[3]']);
  });

  it('says what is taken where another kind of item comes', async () => {
    const { body } = await ask([1, 2, 3, 4]).expect(400);
    assert.deepEqual([body.code, body.path, body.got], ['INVALID_INPUT', 'input', 'an array of 4']);
  });

  it('takes and gives tensors under its other name', async () => {
    const { body } = await ask([1, 2, 3, 4], 'own.tensors').expect(200);
    assert.deepEqual([body.model, body.output], ['own.tensors', { y: [3, 5, 7, 9] }]);
  });

  it('is described, with what flows where, and so is its tensor form', async () => {
    const { body } = await server.get('/models/own').expect(200);
    const [{ pipeline }] = body.versions;
    assert.deepEqual(pipeline.takes, ['text']);
    assert.deepEqual(pipeline.preprocess.text.steps, [
      { step: 'split.mjs', takes: 'text', gives: 'tensor FP32[4]' },
      { step: 'input x', takes: 'tensor FP32[4]', gives: 'tensors x FP32[4]' },
    ]);
    const other = await server.get('/models/own.tensors').expect(200);
    assert.deepEqual([other.body.name, other.body.versions[0].pipeline], ['own.tensors', undefined]);
    assert.equal((await server.post('/predict', other.body.versions[0].example)).status, 200);
  });

  it('is listed under both names', async () => {
    const { body } = await server.get('/models').expect(200);
    const names = body.models.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, ['behind', 'behind.tensors', 'clash', 'clash.tensors', 'own', 'own.tensors']);
  });
});

describe('a pipeline without preprocessing', () => {
  it('takes what the model takes', async () => {
    const { body } = await ask([1, 2, 3, 4], 'behind').expect(200);
    assert.equal(body.output, 4);
    assert.equal((await ask([1, 2, 3], 'behind')).status, 400);
  });
});

describe('a model that bears the name of a tensor form', () => {
  it('is UNAVAILABLE and says why', async () => {
    const { body } = await ask([1, 2, 3, 4], 'clash.tensors').expect(503);
    assert.match(body.detail, /clash has a pipeline, and clash\.tensors is the name of its tensor form/);
  });
});

describe('code in model folders', () => {
  it('is not run unless the operator allows it', async (t) => {
    const careful = await startTestServer(files);
    t.after(() => careful.stop());
    const { body } = await careful.get('/models/own').expect(200);
    assert.equal(body.state, 'UNAVAILABLE');
    assert.match(body.reason, /^own\/model\.yaml: pipeline\.preprocess\[0\]: split\.mjs is code, .* model_code: true$/);
  });
});
