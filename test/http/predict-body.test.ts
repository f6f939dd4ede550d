import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { MillraceError } from '#src/core/errors.js';
import { BodyBudget } from '#src/http/body-budget.js';
import { httpLimitsSchema } from '#src/http/limits.js';
import { PredictBodyReader } from '#src/http/predict-body.js';
import { noControls } from '#src/http/request-controls.js';
import { SentFile } from '#src/pipelines/sent-file.js';
import { requestOf } from '../support/body-request.js';
import { FORM_TYPE, field, file, formBytes } from '../support/form-bytes.js';

const MAX_BYTES = 10_000;
const reader = new PredictBodyReader({
  limits: httpLimitsSchema.parse({ body_bytes: MAX_BYTES, max_rows: 4 }),
  bodies: new BodyBudget(4 * MAX_BYTES),
});

interface Sent {
  readonly type?: string;
  readonly query?: string;
  readonly name?: string;
  readonly headers?: Record<string, string>;
}

/** Reads one body; its media type is JSON's unless something else, or an empty one, is said. */
function read(body: Buffer | string, { type = 'application/json', query = '', name, headers = {} }: Sent = {}) {
  const all = { ...(type !== '' && { 'content-type': type }), ...headers };
  const params = name === undefined ? {} : { name };
  return reader.read(requestOf([Buffer.from(body)], all), { params, query: parse(query) });
}

/** The one item of a body that is no JSON. */
async function itemOf(body: Buffer | string, sent: Sent) {
  const read_ = await read(body, sent);
  assert.ok(read_.kind === 'items');
  assert.equal(read_.envelope.items.length, 1);
  return read_.envelope.items[0];
}

describe('PredictBodyReader with JSON', () => {
  it('gives the bytes, not parsed', async () => {
    assert.deepEqual(await read('{"input"'), {
      kind: 'json',
      controls: noControls,
      body: Buffer.from('{"input"'),
      bytes: 8,
      named: {},
    });
    assert.deepEqual((await read('')).bytes, 0);
  });

  it('gives the bytes inflated, whose number is that of the inflated ones', async () => {
    const text = '{"input":[1,2,3,4]}'.padEnd(5_000);
    const found = await read(gzipSync(text), { headers: { 'content-encoding': 'gzip' }, name: 'affine' });
    assert.deepEqual(found, {
      kind: 'json',
      controls: noControls,
      body: Buffer.from(text),
      bytes: 5_000,
      named: { name: 'affine' },
    });
  });

  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; profile="https://example.org"; charset=utf8',
    'application/vnd.example.v1+json',
  ]) {
    it(`takes ${type}`, async () => assert.equal((await read('{}', { type })).kind, 'json'));
    it(`takes ${type} also where the URL names a model`, async () => {
      assert.equal((await read('{}', { type, name: 'affine', query: 'raw=0' })).kind, 'json');
    });
  }

  it('refuses another charset', async () => {
    await assert.rejects(read('{}', { type: 'application/json; charset=latin1', name: 'affine' }), {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      details: { path: 'headers.content-type', expected: 'charset=utf-8', got: 'application/json; charset=latin1' },
    });
  });

  it('names what the query names, and pays no heed to what it does not know', async () => {
    const { named } = await read('{}', { query: 'model=affine&version=2&other=1' });
    assert.deepEqual(named, { name: 'affine', version: '2' });
    await assert.rejects(read('{}', { query: 'model=a&model=a' }), {
      details: { path: 'query.model', expected: 'one text', got: '2' },
    });
  });

  it('gives what the query says besides, and refuses it where it is wrong', async () => {
    const body = await read('{}', { query: 'id=mine&timeout_ms=250&priority=1' });
    assert.ok(body.kind === 'json');
    assert.deepEqual(body.controls, { id: 'mine', timeoutMs: 250, priority: 1 });
    for (const [query, path] of [
      ['priority=many', 'query.priority'],
      ['id=a&id=b', 'query.id'],
      ['timeout_ms=', 'query.timeout_ms'],
    ] as const) {
      await assert.rejects(read('{}', { query }), (error: MillraceError) => {
        assert.deepEqual([error.code, error.details.path], ['INVALID_REQUEST', path]);
        return true;
      });
    }
  });
});

describe('PredictBodyReader with an item as it is', () => {
  it('gives the bytes as one file, with what the URL says', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0]);
    const query = 'id=mine&timeout_ms=250&priority=1&version=2';
    assert.deepEqual(await read(bytes, { type: 'image/JPEG; q=1', query, name: 'photo' }), {
      kind: 'items',
      bytes: 3,
      named: { name: 'photo', version: '2' },
      envelope: {
        model: undefined,
        version: undefined,
        id: 'mine',
        items: [new SentFile(bytes, 'image/jpeg')],
        isList: false,
        timeoutMs: 250,
        priority: 1,
      },
    });
  });

  it('takes every type, and none, where the URL names the model', async () => {
    const types = {
      'text/plain; charset=latin1': 'text/plain',
      'application/x-www-form-urlencoded': 'application/x-www-form-urlencoded',
      'multipart/mixed': 'multipart/mixed',
      '': undefined,
    };
    for (const [type, mediaType] of Object.entries(types)) {
      const charset = type.includes('latin1') ? 'latin1' : undefined;
      for (const url of [{ name: 'photo' }, { query: 'model=photo' }]) {
        assert.deepEqual(await itemOf('x=1', { type, ...url }), new SentFile(Buffer.from('x=1'), mediaType, charset));
      }
    }
  });

  it('takes JSON and forms as they are when it is asked to', async () => {
    for (const [type, mediaType] of [
      ['application/json', 'application/json'],
      ['application/json; charset=latin1', 'application/json'],
      ['multipart/form-data', 'multipart/form-data'],
      ['not a type', undefined],
    ] as const) {
      assert.deepEqual(
        await itemOf('{', { type, name: 'photo', query: 'raw=1' }),
        new SentFile(Buffer.from('{'), mediaType, type.includes('latin1') ? 'latin1' : undefined),
      );
    }
  });

  it('refuses it where the URL names no model, and says what to do', async () => {
    for (const [type, query] of [
      ['text/plain', ''],
      ['', ''],
      ['application/json', 'raw=1'],
      ['image/png', 'version=1'],
    ] as const) {
      await assert.rejects(read('x', { type, query }), {
        code: 'UNSUPPORTED_MEDIA_TYPE',
        message: /with curl, -H "content-type: application\/json".*\/models\/NAME\/predict, or \?model=NAME/,
        details: {
          path: 'headers.content-type',
          expected: 'application/json or multipart/form-data',
          got: type || 'no content-type',
        },
      });
    }
  });

  const bad: [what: string, body: string, sent: Sent, code: string, path: string][] = [
    ['an empty body of no type', '', { type: '' }, 'INVALID_REQUEST', 'body'],
    [
      'a content-type that is none',
      'x',
      { type: 'application/json; charset' },
      'UNSUPPORTED_MEDIA_TYPE',
      'headers.content-type',
    ],
    ['a wrong control', 'x', { type: 'image/png', query: 'priority=many' }, 'INVALID_REQUEST', 'query.priority'],
    ['another word for raw', 'x', { query: 'raw=yes' }, 'INVALID_REQUEST', 'query.raw'],
    ['another model in the query', 'x', { query: 'model=other' }, 'INVALID_REQUEST', 'query.model'],
    ['too many bytes', 'x'.repeat(MAX_BYTES + 1), { type: 'image/png' }, 'PAYLOAD_TOO_LARGE', 'body'],
    ['too many bytes inside', '', { headers: { 'content-encoding': 'gzip' } }, 'PAYLOAD_TOO_LARGE', 'body'],
    [
      'another compression',
      'x',
      { headers: { 'content-encoding': 'zstd' } },
      'UNSUPPORTED_MEDIA_TYPE',
      'headers.content-encoding',
    ],
  ];
  for (const [what, body, sent, code, path] of bad) {
    it(`refuses ${what} with ${code} at ${path}`, async () => {
      const bytes = what === 'too many bytes inside' ? gzipSync('x'.repeat(MAX_BYTES + 1)) : body;
      await assert.rejects(
        read(bytes, { name: 'photo', ...sent }),
        (error: { code: string; details: { path: string } }) => {
          assert.deepEqual([error.code, error.details.path], [code, path]);
          return true;
        },
      );
    });
  }
});

describe('PredictBodyReader with an empty file', () => {
  it('takes it for one if its type is said', async () => {
    const item = await itemOf('', { type: 'application/x-www-form-urlencoded', name: 'photo' });
    assert.deepEqual(item, new SentFile(Buffer.alloc(0), 'application/x-www-form-urlencoded'));
  });
});

describe('PredictBodyReader with a form', () => {
  const parts = [
    field('model', 'affine'),
    field('input', 'größer'),
    file('input', 'x', 'image/png'),
    field('priority', '2'),
  ];
  const envelope = {
    model: 'affine',
    version: undefined,
    id: undefined,
    items: ['größer', new SentFile(Buffer.from('x'), 'image/png')],
    isList: true,
    timeoutMs: undefined,
    priority: 2,
  };
  const body = formBytes(parts);

  it('gives its items, with what it and the URL say', async () => {
    const found = await read(body, { type: FORM_TYPE, query: 'model=affine&timeout_ms=9' });
    const expected = {
      kind: 'items',
      bytes: body.length,
      named: { name: 'affine' },
      envelope: { ...envelope, timeoutMs: 9 },
    };
    assert.deepEqual(found, expected);
  });

  it('does not mind in which pieces it comes', async () => {
    for (const size of [1, 2, 3, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, at) =>
        body.subarray(at * size, (at + 1) * size),
      );
      const request = requestOf(pieces, { 'content-type': FORM_TYPE });
      const found = await reader.read(request, { params: {}, query: {} });
      assert.deepEqual(found, { kind: 'items', bytes: body.length, named: {}, envelope });
    }
  });

  it('may be compressed', async () => {
    const compressed = { type: FORM_TYPE, headers: { 'content-encoding': 'gzip' } };
    const found = await read(gzipSync(body), compressed);
    assert.deepEqual(found, { kind: 'items', bytes: body.length, named: {}, envelope });
  });

  it('refuses one without a boundary before it is read', async () => {
    const request = requestOf([body], { 'content-type': 'multipart/form-data' });
    await assert.rejects(reader.read(request, { params: {}, query: {} }), { code: 'INVALID_REQUEST' });
    assert.equal(request.readableFlowing, null);
  });
});
