import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { EventWatch } from '../../support/event-watch.js';
import { affine, identity, nanForNegative, sharedInput } from '../../support/fixture-models.js';
import { holdInstances } from '../../support/instance-gate.js';
import { bytes, lines } from '../../support/pipeline-models.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';
import { postUndecoded } from '../../support/undecoded-answer.js';
import { askV2, byteElements, type V2Request, withTail } from '../../support/v2-client.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer(
    {
      ...bytes,
      ...lines,
      'affine/1/model.onnx': affine(),
      'affine/2/model.onnx': affine(),
      'affine/model.yaml': 'versions: all',
      'small/model.onnx': affine(),
      'small/model.yaml': 'limits: { queue_rows: 3 }',
      'shared.onnx': sharedInput(),
      'nan.onnx': nanForNegative(),
      'identity.onnx': identity('FP32', ['N', 'size']),
      'text.onnx': identity('BYTES', ['N']),
    },
    { model_code: true },
  );
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const infer = (model: string, request: V2Request) => askV2(server.millrace, `/v2/models/${model}/infer`, request);

const x = { name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] };
const raw = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
const binaryX = { name: 'x', shape: [1, 4], datatype: 'FP32', parameters: { binary_data_size: 16 } };
const floats = (tail: Buffer) => Array.from({ length: tail.length / 4 }, (_, at) => tail.readFloatLE(4 * at));

describe('an inference request', () => {
  it('gets its outputs, with what it was answered by', async () => {
    const { json, headers } = await infer('affine', {
      body: { id: 'mine', inputs: [x] },
      headers: { 'x-request-id': 'r-1' },
    });
    const outputs = [{ name: 'y', datatype: 'FP32', shape: [1, 4], data: [3, 5, 7, 9] }];
    assert.deepEqual(json, { id: 'mine', model_name: 'affine', model_version: '2', outputs });
    assert.deepEqual(Object.keys(json), ['id', 'model_name', 'model_version', 'outputs']);
    assert.equal(headers.get('x-request-id'), 'r-1');
    assert.equal(headers.get('inference-header-content-length'), null);
  });

  it('may name a version', async () => {
    const { json } = await infer('affine/versions/1', { body: { inputs: [x] } });
    assert.equal(json['model_version'], '1');
    assert.equal('id' in json, false);
  });

  it('may bear an id that another one has', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const sent = [1, 2].map(() => infer('affine', { body: { id: 'same', inputs: [x] } }));
    await events.until('jobQueued', ({ model }) => model === 'affine', 2);
    gate.open();
    for (const { status, json } of await Promise.all(sent)) assert.deepEqual([status, json.id], [200, 'same']);
  });

  it('is one job of its rows', async () => {
    const rows = { ...x, shape: [3, 4], data: [...x.data, ...x.data, ...x.data] };
    const { json } = await infer('affine', { body: { inputs: [rows] } });
    assert.deepEqual(json.outputs?.[0]?.shape, [3, 4]);
    const [settled] = await events.until('jobSettled', (event) => event.rows === 3);
    assert.equal(settled?.outcome, 'succeeded');
  });

  it('may hold members that nobody knows', async () => {
    const inputs = [{ ...x, parameters: { content_type: 'np' }, mine: 1 }];
    const body = { inputs, parameters: { headers: { a: 'b' }, mine: [1] }, extra: {} };
    assert.equal((await infer('affine', { body })).status, 200);
  });

  it('reads long arrays as it reads short ones', async () => {
    const data = Array.from({ length: 5_000 }, (_, at) => at / 7);
    const { json } = await infer('identity', { body: { inputs: [{ ...x, shape: [2, 2_500], data }] } });
    assert.deepEqual(json.outputs?.[0]?.data, JSON.parse(JSON.stringify(data.map(shortFloat))));
  });
});

/** The shortest number that is the same float32. */
function shortFloat(value: number): number {
  const float = Math.fround(value);
  for (let digits = 1; ; digits += 1) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
}

describe('the binary form', () => {
  it('goes both ways', async () => {
    const outputs = [{ name: 'y', parameters: { binary_data: true } }];
    const { json, tail, headers, text } = await infer('affine', withTail({ inputs: [binaryX], outputs }, raw));
    assert.deepEqual(json.outputs, [
      { name: 'y', datatype: 'FP32', shape: [1, 4], parameters: { binary_data_size: 16 } },
    ]);
    assert.deepEqual(floats(tail), [3, 5, 7, 9]);
    assert.equal(headers.get('content-type'), 'application/octet-stream');
    assert.equal(headers.get('inference-header-content-length'), String(Buffer.byteLength(text)));
    assert.equal(headers.get('content-length'), String(Buffer.byteLength(text) + 16));
  });

  it('may be that of one input while another is JSON, in whatever order', async () => {
    const binary = { name: 'scale', shape: [], datatype: 'FP32', parameters: { binary_data_size: 4 } };
    const plain = { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] };
    const ten = Buffer.from(Float32Array.of(10).buffer);
    for (const inputs of [
      [binary, plain],
      [plain, binary],
    ]) {
      const { json } = await infer('shared', withTail({ inputs }, ten));
      assert.deepEqual(json.outputs?.[0]?.data, [10, 20, 30]);
    }
  });

  it('follows its JSON in the order of the inputs', async () => {
    const scale = { name: 'scale', shape: [], datatype: 'FP32', parameters: { binary_data_size: 4 } };
    const row = { name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } };
    const blobs = [Float32Array.of(10), Float32Array.of(1, 2, 3)].map(({ buffer }) => Buffer.from(buffer));
    const { json } = await infer('shared', withTail({ inputs: [scale, row] }, ...blobs));
    assert.deepEqual(json.outputs?.[0]?.data, [10, 20, 30]);
  });

  it('is that of all outputs where the request says so, but for those that say otherwise', async () => {
    const parameters = { binary_data_output: true };
    const sizeOf = async (outputs: object[] | undefined) => {
      const { tail } = await infer('affine', { body: { inputs: [x], parameters, ...(outputs && { outputs }) } });
      return tail.length;
    };
    assert.equal(await sizeOf(undefined), 16);
    assert.equal(await sizeOf([{ name: 'y' }]), 16);
    assert.equal(await sizeOf([{ name: 'y', parameters: { binary_data: false } }]), 0);
  });

  it('has NaN and the infinities', async () => {
    const body = { inputs: [{ ...x, data: [-1, 4, 9, 16] }], parameters: { binary_data_output: true } };
    assert.deepEqual(floats((await infer('nan', { body })).tail), [Number.NaN, 2, 3, 4]);
  });

  it('may be all of the body: one row of the only input', async () => {
    const headers = { 'inference-header-content-length': '0' };
    const { json, tail } = await infer('affine', { body: raw, headers });
    assert.deepEqual(floats(tail), [3, 5, 7, 9]);
    assert.equal(json.outputs?.[0]?.parameters?.binary_data_size, 16);
    const longer = Buffer.from(Float32Array.of(1, 2, 3, 4, 5).buffer);
    assert.deepEqual((await infer('identity', { body: longer, headers })).json.outputs?.[0]?.shape, [1, 5]);
    assert.deepEqual((await infer('text', { body: 'grün', headers })).tail, byteElements('grün'));
  });

  it('takes a body that comes in many pieces', async () => {
    const data = Float32Array.from({ length: 300_000 }, (_, at) => at);
    const input = {
      name: 'x',
      shape: [2, 150_000],
      datatype: 'FP32',
      parameters: { binary_data_size: data.byteLength },
    };
    const document = { inputs: [input], parameters: { binary_data_output: true } };
    const { tail } = await infer('identity', withTail(document, Buffer.from(data.buffer)));
    assert.ok(tail.equals(Buffer.from(data.buffer)));
  });
});

describe('compression', () => {
  it('is taken, and counted without', async () => {
    const { body, headers } = withTail({ inputs: [binaryX] }, raw);
    for (const [coding, compress] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
    ] as const) {
      const request = { body: compress(body as Buffer), headers: { ...headers, 'content-encoding': coding } };
      assert.deepEqual((await infer('affine', request)).json.outputs?.[0]?.data, [3, 5, 7, 9]);
    }
  });

  it('is given where it is asked for, to the JSON and the bytes as one', async () => {
    const zeros = {
      inputs: [{ ...x, shape: [1, 1_000], data: new Array(1_000).fill(0) }],
      parameters: { binary_data_output: true },
    };
    const url = `${server.millrace.url}/v2/models/identity/infer`;
    const answer = await postUndecoded(url, JSON.stringify(zeros), { 'accept-encoding': 'gzip' });
    assert.equal(answer.headers['content-encoding'], 'gzip');
    assert.ok(answer.body.length < 1_000, `${answer.body.length} bytes`);
    const plain = gunzipSync(answer.body);
    const jsonBytes = Number(answer.headers['inference-header-content-length']);
    assert.deepEqual(plain.subarray(jsonBytes), Buffer.alloc(4_000));
    assert.equal((JSON.parse(plain.toString('utf8', 0, jsonBytes)) as { model_name: string }).model_name, 'identity');
  });
});

describe('a pipeline', () => {
  it('takes any bytes as an item, each for itself, and gives its answers as JSON', async () => {
    const files = [Buffer.of(100, 200, 50, 0), Buffer.of(255, 0, 0, 0)];
    const input = { name: 'input', shape: [2, 1], datatype: 'BYTES', parameters: { binary_data_size: 16 } };
    const { json, text } = await infer('bytes', withTail({ inputs: [input] }, byteElements(...files)));
    const [output] = json.outputs ?? [];
    assert.deepEqual([output?.name, output?.datatype, output?.shape], ['output', 'BYTES', [2, 1]], text);
    const best = (output?.data as string[]).map((each) => (JSON.parse(each) as { label: string }[]).at(-1)?.label);
    assert.deepEqual(best, ['two', 'one']);
  });

  it('takes a list too, and a file as the whole body', async () => {
    const input = { name: 'input', shape: [1], datatype: 'BYTES', data: ['abcd'] };
    assert.deepEqual((await infer('bytes', { body: { inputs: [input] } })).json.outputs?.[0]?.shape, [1, 1]);
    const headers = { 'inference-header-content-length': '0' };
    const { tail } = await infer('bytes', { body: Buffer.of(0, 1, 2, 255), headers });
    assert.match(tail.toString('utf8', 4), /"label":"three"/);
  });

  it('takes JSON where it takes records, and gives text as it is', async () => {
    const input = { name: 'input', shape: [2], datatype: 'BYTES', data: ['{"a":1,"b":2}', '{}'] };
    const { json } = await infer('lines', { body: { inputs: [input] } });
    assert.deepEqual(json.outputs?.[0]?.data, ['keys:\n2\u009b2J', 'keys:\n0\u009b2J']);
  });

  it('says of a wrong item which one it is', async () => {
    const input = { name: 'input', shape: [2], datatype: 'BYTES', data: ['{}', '{'] };
    const { status, json } = await infer('lines', { body: { inputs: [input] } });
    assert.equal(status, 400);
    assert.match(json.error ?? '', /input\[1\]/);
  });

  it('takes no items and gives no answers', async () => {
    const input = { name: 'input', shape: [0, 1], datatype: 'BYTES', data: [] };
    const { json } = await infer('bytes', { body: { inputs: [input] } });
    assert.deepEqual(json.outputs, [{ name: 'output', datatype: 'BYTES', shape: [0, 1], data: [] }]);
  });

  it('has its labels as classes', async () => {
    const input = { name: 'input', shape: [1], datatype: 'BYTES', data: ['d2\0\0'] };
    const outputs = [{ name: 'output', parameters: { classification: 9 } }];
    const { json } = await infer('bytes', { body: { inputs: [input], outputs } });
    assert.deepEqual(json.outputs?.[0]?.shape, [1, 4]);
    // Its labels are no classes of a file.
    assert.match((json.outputs?.[0]?.data as string[])[0] ?? '', /^1:-1:/);
  });

  it('has a tensor form beside it', async () => {
    const { json } = await infer('bytes.tensors', { body: { inputs: [x] } });
    assert.deepEqual(json.outputs?.[0]?.data, [3, 5, 7, 9]);
    assert.equal(json['model_name'], 'bytes.tensors');
  });
});

describe('a request that waits', () => {
  it('is given up when its time is over, in microseconds', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const { status, json, headers } = await infer('affine', { body: { inputs: [x], parameters: { timeout: 5_000 } } });
    gate.open();
    assert.equal(status, 503);
    assert.match(json.error ?? '', /^Request timeout expired: .* 5 ms/);
    assert.equal(headers.get('retry-after'), '1');
  });

  it('is given up by the header that other requests have for it too', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const { status } = await infer('affine', { body: { inputs: [x] }, headers: { 'x-request-timeout-ms': '5' } });
    gate.open();
    assert.equal(status, 503);
  });

  it('is refused where the queue is full', async () => {
    const gate = holdInstances(server.millrace, 'small');
    const first = infer('small', {
      body: { inputs: [{ ...x, shape: [3, 4], data: [...x.data, ...x.data, ...x.data] }] },
    });
    await events.until('jobQueued', ({ model }) => model === 'small');
    const { status, json, headers } = await infer('small', { body: { inputs: [x] } });
    gate.open();
    assert.equal(status, 503);
    assert.match(json.error ?? '', /^Exceeds maximum queue size: /);
    assert.ok(headers.get('retry-after'));
    assert.equal((await first).status, 200);
  });

  it('is cancelled when its client leaves', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const abort = new AbortController();
    const body = JSON.stringify({ inputs: [x], parameters: { priority: 1 } });
    const url = `${server.millrace.url}/v2/models/affine/infer`;
    const sent = fetch(url, { method: 'POST', body, signal: abort.signal }).catch((error: Error) => error.name);
    const queued = events.all('jobQueued').length;
    await events.until('jobQueued', undefined, queued + 1);
    abort.abort();
    assert.equal(await sent, 'AbortError');
    await events.until('jobSettled', ({ outcome }) => outcome === 'CLIENT_CLOSED_REQUEST');
    gate.open();
  });
});
