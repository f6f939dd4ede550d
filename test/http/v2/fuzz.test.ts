import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { affine, identity } from '../../support/fixture-models.js';
import { sums } from '../../support/pipeline-models.js';
import { propertyRuns } from '../../support/property-runs.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';
import { askV2, byteElements, withTail } from '../../support/v2-client.js';

let server: TestServer;

before(async () => {
  server = await startTestServer(
    { ...sums, 'affine.onnx': affine(), 'text.onnx': identity('BYTES', ['N']) },
    { model_code: true },
  );
});
after(() => server.stop());

const floats = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
const strings = byteElements('a', 'bc');

/** Requests that are right, by their model. */
const good = [
  {
    model: 'affine',
    ...withTail(
      { inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', parameters: { binary_data_size: 16 } }] },
      floats,
    ),
  },
  {
    model: 'text',
    ...withTail(
      { inputs: [{ name: 'x', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: strings.length } }] },
      strings,
    ),
  },
  { model: 'sums', ...withTail({ inputs: [{ name: 'input', shape: [1, 1], datatype: 'BYTES', data: ['1 2 3 4'] }] }) },
];

const request = fc.constantFrom(...good).map(({ model, body, headers }) => ({ model, body: body as Buffer, headers }));

/** One thing that is done to a request. */
type Damage = (body: Buffer) => Buffer;

const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.nat(400).map(
    (at): Damage =>
      (body) =>
        body.subarray(0, Math.min(at, body.length)),
  ),
  fc.uint8Array({ maxLength: 40 }).map(
    (more): Damage =>
      (body) =>
        Buffer.concat([body, more]),
  ),
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]): Damage => {
    return (body) => {
      const damaged = Buffer.from(body);
      damaged[at % Math.max(1, body.length)] = byte;
      return damaged;
    };
  }),
  fc.tuple(fc.nat(400), fc.nat(30)).map(([at, count]): Damage => {
    return (body) => Buffer.concat([body.subarray(0, at), body.subarray(at + count)]);
  }),
  fc.tuple(fc.nat(400), fc.constantFrom('[[[[', '{"inputs":', '-', '9'.repeat(30), '"x":', '\\u0000', ',', 'null')).map(
    ([at, text]): Damage =>
      (body) =>
        Buffer.concat([body.subarray(0, at), Buffer.from(text), body.subarray(at)]),
  ),
  fc.constant((body: Buffer) => Buffer.concat([body, body])),
  fc.constant(() => Buffer.from(`{"inputs":${'['.repeat(70)}`)),
  fc.constant(() => Buffer.from(`{"inputs":[${'{},'.repeat(2_000)}{}]}`)),
);

const jsonLengths = fc.oneof(
  fc.integer({ min: -10, max: 500 }).map(String),
  fc.constantFrom('', ' ', '1e3', '0x10', '99999999999999999999', '1, 2', 'NaN', '١'.length.toString()),
);
const encodings = fc.constantFrom('gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'identity', '*', '');

describe('a request that is damaged', () => {
  it('is refused or answered, and the server goes on', async () => {
    const damaged = fc.record({
      request,
      damage: fc.array(damages, { maxLength: 3 }),
      jsonLength: fc.option(jsonLengths),
      encoding: fc.option(encodings, { freq: 4 }),
      isZipped: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        damaged,
        async ({ request: { model, body, headers }, damage, jsonLength, encoding, isZipped }) => {
          const changed = damage.reduce((bytes, harm) => harm(bytes), body);
          const reply = await askV2(server.millrace, `/v2/models/${model}/infer`, {
            body: encoding !== null && isZipped ? gzipSync(changed) : changed,
            headers: {
              ...headers,
              ...(jsonLength === null ? {} : { 'inference-header-content-length': jsonLength }),
              ...(encoding === null ? {} : { 'content-encoding': encoding }),
            },
          });
          const isFine = reply.status === 200 || reply.status === 501 || (reply.status >= 400 && reply.status < 500);
          assert.ok(isFine, `${reply.status} ${reply.text}`);
          if (reply.status !== 200) assert.equal(typeof reply.json.error, 'string');
        },
      ),
      propertyRuns(400),
    );
    for (const { model, body, headers } of good) {
      const { status, text } = await askV2(server.millrace, `/v2/models/${model}/infer`, { body, headers });
      assert.equal(status, 200, text);
    }
  });

  it('such as a path that is none is refused in the form of the protocol', async () => {
    const parts = fc.constantFrom(
      'models',
      'affine',
      'versions',
      '1',
      'infer',
      '...',
      '%00',
      '%zz',
      'ready',
      '',
      'stats',
      '%2f',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(parts, { maxLength: 6 }),
        fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
        async (path, method) => {
          const { status, json, text } = await askV2(server.millrace, `/v2/${path.join('/')}`, { method });
          assert.ok(status === 200 || (status >= 400 && status < 500), `${status} ${text}`);
          if (status !== 200 && json['ready'] === undefined) assert.equal(typeof json.error, 'string', text);
        },
      ),
      propertyRuns(150),
    );
  });
});
