import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { errorTable } from '#src/core/errors.js';
import { affine, gatherTable, identity } from '../support/fixture-models.js';
import { FORM_TYPE, field, formBytes } from '../support/form-bytes.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

const MAX_BODY = 200_000;

let server: TestServer;

before(async () => {
  server = await startTestServer(
    {
      'affine.onnx': affine(),
      'gather.onnx': gatherTable(),
      'flags.onnx': identity('BOOL', ['N', 2]),
      'small/model.onnx': affine(),
      'small/model.yaml': 'limits: { queue_rows: 2 }',
    },
    { limits: { body_bytes: MAX_BODY, max_rows: 4 } },
  );
});
after(() => server.stop());

interface BadRequest {
  readonly body: object | string | Buffer;
  readonly code: keyof typeof errorTable;
  readonly path?: string;
  readonly to?: string;
  readonly headers?: Record<string, string>;
}

const item = (input: unknown): object => ({ model: 'affine', input });
const json = (text: string): string => `{"model":"affine","input":${text}}`;

const bad: Record<string, BadRequest> = {
  'nothing at all': { body: '', code: 'INVALID_JSON', path: 'body' },
  'broken JSON': { body: '{"model":', code: 'INVALID_JSON', path: 'body' },
  'JSON that is no object': { body: '[1, 2]', code: 'INVALID_REQUEST', path: '(document)' },
  'null for a document': { body: 'null', code: 'INVALID_REQUEST', path: '(document)' },
  'bytes that are not UTF-8': { body: Buffer.from([0x22, 0xc0, 0x22]), code: 'INVALID_JSON', path: 'body' },
  'another content type': {
    body: json('[1,2,3,4]'),
    headers: { 'Content-Type': 'text/plain' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
    path: 'headers.content-type',
  },
  'another content type for a model': {
    body: json('[1,2,3,4]'),
    to: '/models/affine/predict',
    headers: { 'Content-Type': 'text/plain' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
    path: 'input',
  },
  'another compression': {
    body: json('[1,2,3,4]'),
    headers: { 'Content-Encoding': 'zstd' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
    path: 'headers.content-encoding',
  },
  'a body that is not compressed as it says': {
    body: json('[1,2,3,4]'),
    headers: { 'Content-Encoding': 'gzip' },
    code: 'INVALID_REQUEST',
    path: 'body',
  },
  'a form without a boundary': {
    body: formBytes([]),
    headers: { 'Content-Type': 'multipart/form-data' },
    code: 'INVALID_REQUEST',
    path: 'headers.content-type',
  },
  'a form that is cut off': {
    body: formBytes([field('model', 'affine')]).subarray(0, -20),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'INVALID_REQUEST',
    path: 'body',
  },
  'a form without an item': {
    body: formBytes([field('model', 'affine')]),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'INVALID_REQUEST',
    path: 'body',
  },
  'a form that names no model': {
    body: formBytes([field('input', 'x')]),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'INVALID_REQUEST',
    path: 'model',
  },
  'a form of 2,000 parts': {
    body: formBytes(Array.from({ length: 2_000 }, () => field('input', 'x'))),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'TOO_MANY_ROWS',
    path: 'body',
  },
  'a part without a name': {
    body: formBytes([{ headers: [], bytes: 'x' }]),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'INVALID_REQUEST',
    path: 'part[0]',
  },
  'a part of very many headers': {
    body: formBytes([{ headers: Array.from({ length: 10_000 }, () => 'X: y'), bytes: 'x' }]),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'PAYLOAD_TOO_LARGE',
    path: 'part[0]',
  },
  'a text for numbers': {
    body: formBytes([field('model', 'affine'), field('input', '[1,2,3,4]')]),
    headers: { 'Content-Type': FORM_TYPE },
    code: 'INVALID_INPUT',
    path: 'input',
  },
  'two models in the query': {
    body: item(1),
    to: '/predict?model=affine&model=affine',
    code: 'INVALID_REQUEST',
    path: 'query.model',
  },
  'another model in the query': { body: item(1), to: '/predict?model=flags', code: 'INVALID_REQUEST', path: 'model' },
  'another version in the query': {
    body: item(1),
    to: '/models/affine/versions/1/predict?version=2',
    code: 'INVALID_REQUEST',
    path: 'query.version',
  },
  'a depth of 100,000': { body: json('['.repeat(100_000)), code: 'INVALID_JSON', path: 'body' },
  'a huge body': { body: ' '.repeat(MAX_BODY + 1), code: 'PAYLOAD_TOO_LARGE', path: 'body' },
  'a NaN token': { body: json('[1,2,3,NaN]'), code: 'INVALID_JSON', path: 'body' },
  'null among numbers': { body: item([1, null, 3, 4]), code: 'INVALID_INPUT', path: 'input[1]' },
  'a string among numbers': { body: item([1, 2, '3', 4]), code: 'INVALID_INPUT', path: 'input[2]' },
  'a number beyond all': { body: json('[1e999,2,3,4]'), code: 'INVALID_INPUT', path: 'input[0]' },
  'a number beyond the datatype': { body: item([1, 2, 3, 1e39]), code: 'INVALID_INPUT', path: 'input[3]' },
  'null for an item': { body: item(null), code: 'INVALID_INPUT', path: 'input' },
  'too few values': { body: item([1, 2, 3]), code: 'INVALID_INPUT', path: 'input' },
  'one rank too many': { body: item([[1, 2, 3, 4]]), code: 'INVALID_INPUT', path: 'input' },
  'an input that is not known': { body: item({ z: [1, 2, 3, 4] }), code: 'INVALID_INPUT', path: 'input.z' },
  'a missing input': { body: item({}), code: 'INVALID_INPUT', path: 'input.x' },
  'a prototype key among inputs': {
    body: json('{"__proto__":{"x":[1,2,3,4]}}'),
    code: 'INVALID_INPUT',
    path: 'input.__proto__',
  },
  'a prototype key in the envelope': {
    body: '{"__proto__":{"model":"affine"},"input":[1,2,3,4]}',
    code: 'INVALID_REQUEST',
    path: '__proto__',
  },
  'numbers for booleans': { body: { model: 'flags', input: [1, 0] }, code: 'INVALID_INPUT', path: 'input[0]' },
  'a fraction for an integer': { body: { model: 'gather', input: 0.5 }, code: 'INVALID_INPUT', path: 'input' },
  'an integer beyond 2^53': {
    body: '{"model":"gather","input":9007199254740993}',
    code: 'INVALID_INPUT',
    path: 'input',
  },
  'an index that the model refuses': { body: { model: 'gather', input: 99 }, code: 'EXECUTION_FAILED' },
  'too many items': { body: { model: 'affine', inputs: [1, 2, 3, 4, 5] }, code: 'TOO_MANY_ROWS', path: 'inputs' },
  'more rows than the model’s queue holds': {
    body: { model: 'small', inputs: Array.from({ length: 3 }, () => [1, 2, 3, 4]) },
    code: 'TOO_MANY_ROWS',
    path: 'inputs',
  },
  'no items': { body: { model: 'affine', inputs: [] }, code: 'INVALID_REQUEST', path: 'inputs' },
  'input and inputs': { body: { ...item(1), inputs: [1] }, code: 'INVALID_REQUEST', path: 'input' },
  'neither input nor inputs': { body: { model: 'affine' }, code: 'INVALID_REQUEST', path: 'input' },
  'no model': { body: { input: [1, 2, 3, 4] }, code: 'INVALID_REQUEST', path: 'model' },
  'an unknown model': { body: { model: 'afine', input: 1 }, code: 'MODEL_NOT_FOUND', path: 'model' },
  'a model that is a path': { body: { model: '../affine', input: 1 }, code: 'MODEL_NOT_FOUND', path: 'model' },
  'a model called like a prototype key': {
    body: { model: 'constructor', input: 1 },
    code: 'MODEL_NOT_FOUND',
    path: 'model',
  },
  'an unknown version': { body: { ...item(1), version: 7 }, code: 'VERSION_NOT_FOUND', path: 'version' },
  'a version that is no number': { body: { ...item(1), version: '1/..' }, code: 'VERSION_NOT_FOUND', path: 'version' },
  'a version that is a fraction': { body: { ...item(1), version: 1.5 }, code: 'INVALID_REQUEST', path: 'version' },
  'an id that is too long': { body: { ...item(1), id: 'x'.repeat(65) }, code: 'INVALID_REQUEST', path: 'id' },
  'an id with a line break': { body: { ...item(1), id: 'a\nb' }, code: 'INVALID_REQUEST', path: 'id' },
  'a priority out of range': {
    body: { ...item(1), parameters: { priority: 11 } },
    code: 'INVALID_REQUEST',
    path: 'parameters.priority',
  },
  'a timeout of nothing': {
    body: { ...item(1), parameters: { timeout_ms: 0 } },
    code: 'INVALID_REQUEST',
    path: 'parameters.timeout_ms',
  },
  'an unknown key': { body: { ...item(1), modell: 'affine' }, code: 'INVALID_REQUEST', path: 'modell' },
  'an unknown path': { body: item(1), to: '/predictions', code: 'NOT_FOUND' },
  'a wrong verb': { body: item(1), to: '/models/affine', code: 'METHOD_NOT_ALLOWED' },
  'a path that is not percent-encoding': {
    body: item(1),
    to: '/models/%zz/predict',
    code: 'INVALID_REQUEST',
    path: 'url',
  },
};

describe('a bad request', () => {
  for (const [what, { body, code, path, to = '/predict', headers }] of Object.entries(bad)) {
    it(`with ${what} is answered with ${code}`, async () => {
      const answer = await server
        .post(to, body, headers)
        .serialize((data) => (isRaw(data) ? data : JSON.stringify(data)));
      assert.equal(answer.headers['content-type'], 'application/problem+json', answer.text);
      const problem = answer.body;
      assert.deepEqual([problem.code, problem.path], [code, path], problem.detail);
      assert.deepEqual([answer.status, problem.status], [errorTable[code].http, errorTable[code].http]);
      assert.ok(answer.status < 500);
      assert.equal(problem.request_id, answer.headers['x-request-id']);
      assert.ok(answer.text.length < 2_000);
    });
  }

  it('leaves the server as it was', async () => {
    const { body } = await server.post('/predict', item([1, 2, 3, 4])).expect(200);
    assert.deepEqual(body.output, { y: [3, 5, 7, 9] });
    assert.equal((await server.get('/metrics')).text.match(/^millrace_jobs_in_flight 0$/m)?.length, 1);
    await server.get('/healthz/ready').expect(200);
  });
});

describe('an unknown name', () => {
  it('is answered with those that are near', async () => {
    const { body } = await server.post('/predict', { model: 'afine', input: 1 }).expect(404);
    assert.deepEqual(body.did_you_mean, ['affine']);
    assert.match(body.detail, /Did you mean affine\?/);
  });

  it('is cut in the answer when it is long', async () => {
    const { body } = await server.post('/predict', { model: 'x'.repeat(10_000), input: 1 }).expect(404);
    assert.equal(body.got.length, 128);
    assert.equal(body.did_you_mean, undefined);
  });
});

/** A Buffer goes over the wire as it is. */
function isRaw(data: unknown): data is string {
  return Buffer.isBuffer(data);
}
