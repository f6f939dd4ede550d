import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Problem } from '#src/http/problem.js';
import { EventWatch } from '../../support/event-watch.js';
import { affine, identity } from '../../support/fixture-models.js';
import { FORM_TYPE, field, file, formBytes } from '../../support/form-bytes.js';
import { RawConnection } from '../../support/raw-connection.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

const MAX_BODY = 2_000_000;

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer(
    {
      'affine.onnx': affine(),
      'text.onnx': identity('BYTES', ['N']),
      'both/1/model.onnx': affine(),
      'both/2/model.onnx': identity('FP32', ['N', 4]),
      'both/model.yaml': 'versions: all',
    },
    { limits: { body_bytes: MAX_BODY } },
  );
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

/** POSTs as a browser or Node does; the content-type is what the body's kind brings with it, or what is said. */
async function post(path: string, body: Buffer | string | FormData, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.millrace.url}${path}`, { method: 'POST', body, headers });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

const json = { 'Content-Type': 'application/json' };
const document = Buffer.from(JSON.stringify({ model: 'affine', input: [1, 2, 3, 4] }));
const output = { y: [3, 5, 7, 9] };

const codings: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  'x-gzip': (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  Deflate: (bytes) => deflateRawSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  identity: (bytes) => bytes,
};

describe('a compressed body', () => {
  for (const [coding, compress] of Object.entries(codings)) {
    it(`in ${coding} is a body like any other`, async () => {
      const { status, body } = await post('/predict', compress(document), { ...json, 'Content-Encoding': coding });
      assert.deepEqual([status, body['output']], [200, output]);
    });

    it(`in ${coding} is refused by what comes out of it`, async () => {
      const bomb = compress(Buffer.alloc(MAX_BODY + 1, ' '));
      const { status, body } = await post('/predict', bomb, { ...json, 'Content-Encoding': coding });
      assert.deepEqual([status, body['code'], body['path']], [413, 'PAYLOAD_TOO_LARGE', 'body']);
    });
  }

  it('in several codings, or another one, is refused with those that are taken', async () => {
    for (const coding of ['gzip, gzip', 'zstd']) {
      const { status, headers, body } = await post('/predict', document, { ...json, 'Content-Encoding': coding });
      assert.deepEqual([status, body['code'], body['got']], [415, 'UNSUPPORTED_MEDIA_TYPE', coding]);
      assert.equal(headers.get('accept-encoding'), 'gzip, deflate, br, identity');
    }
  });

  it('is not run when its client leaves while it is inflated', async () => {
    const text = JSON.stringify({ model: 'affine', id: 'left', input: [1, 2, 3, 4] }).padEnd(MAX_BODY);
    const bytes = gzipSync(text);
    const arrived = once(server.server, 'request') as Promise<[IncomingMessage]>;
    const client = await RawConnection.to(server.server);
    const head = ['POST /predict HTTP/1.1', 'Host: test', 'Content-Type: application/json', 'Content-Encoding: gzip'];
    client.socket.write(`${head.join('\r\n')}\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    const [request] = await arrived;
    // Once it is being inflated, and long before all of it is: that takes several turns.
    request.on('end', () => setImmediate(() => request.socket.destroy()));
    client.socket.write(bytes);
    await events.until('requestSettled', ({ status }) => status === 499);
    // As large, and behind the other one.
    const next = await post('/predict', gzipSync(text.replace('left', 'next')), {
      ...json,
      'Content-Encoding': 'gzip',
    });
    assert.equal(next.body['id'], 'next');
    assert.deepEqual(
      events.all('jobQueued', ({ jobId }) => jobId === 'left'),
      [],
    );
  });
});

describe('JSON', () => {
  it('may be for a model that the query names', async () => {
    const item = Buffer.from(JSON.stringify({ input: [1, 2, 3, 4] }));
    assert.deepEqual((await post('/predict?model=affine', item, json)).body['output'], output);
    const version = await post('/predict?model=both&version=1', item, json);
    assert.deepEqual([version.body['version'], version.body['output']], ['1', output]);
    assert.equal((await post('/models/both/predict?version=2', item, json)).body['version'], '2');
  });

  it('is refused where the query names another model than the body or the path', async () => {
    for (const path of ['/predict?model=both', '/models/both/predict?model=affine']) {
      const { status, body } = await post(path, document, json);
      assert.deepEqual([status, body['code']], [400, 'INVALID_REQUEST'], path);
    }
  });

  it('may leave to the query what it does not say, which is refused where it is wrong', async () => {
    const { status, body } = await post('/predict?id=in-query&priority=1&what=ever', document, json);
    assert.deepEqual([status, body['id']], [200, 'in-query']);
    for (const [query, path] of [
      ['priority=many', 'query.priority'],
      ['id=a&id=b', 'query.id'],
    ] as const) {
      const { status: refused, body: problem } = await post(`/predict?${query}`, document, json);
      assert.deepEqual([refused, problem['code'], problem['path']], [400, 'INVALID_REQUEST', path]);
    }
  });
});

describe('a body that is one item', () => {
  const urls = ['/models/affine/predict', '/models/affine/versions/1/predict', '/predict?model=affine&version=1'];

  it('is refused by a model of tensors, which says so', async () => {
    for (const url of urls) {
      for (const [type, got] of [
        ['image/png', 'image/png'],
        ['application/x-www-form-urlencoded', undefined],
        [undefined, 'a file'],
      ] as const) {
        const { status, body } = await post(url, Buffer.from('x'), type === undefined ? {} : { 'Content-Type': type });
        assert.deepEqual([status, body['code'], body['path']], [415, 'UNSUPPORTED_MEDIA_TYPE', 'input']);
        assert.match(String(body['detail']), /^The model takes tensors as JSON, and no files: with curl, -H/);
        assert.equal(body['got'], got ?? type);
      }
    }
  });

  it('may be JSON, if that is asked for', async () => {
    const { status, body } = await post('/models/affine/predict?raw=1', Buffer.from('[1,2,3,4]'), json);
    assert.deepEqual([status, body['path'], body['got']], [415, 'input', 'application/json']);
  });

  it('is told of as a refused job, under the id that the query says', async () => {
    await post('/models/affine/predict?id=raw-1', Buffer.from('x'));
    const [rejected] = await events.until('jobRejected', ({ jobId }) => jobId === 'raw-1');
    assert.deepEqual(rejected, {
      model: 'affine',
      version: '1',
      jobId: 'raw-1',
      rows: 1,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  it('needs a model in the URL', async () => {
    const { status, body } = await post('/predict', Buffer.from('x'));
    assert.deepEqual([status, body['code'], body['path']], [415, 'UNSUPPORTED_MEDIA_TYPE', 'headers.content-type']);
    assert.match(String(body['detail']), /\/models\/NAME\/predict, or \?model=NAME/);
  });

  it('and is empty is refused', async () => {
    const { status, body } = await post('/models/affine/predict', Buffer.alloc(0));
    assert.deepEqual([status, body['code'], body['path']], [400, 'INVALID_REQUEST', 'body']);
  });
});

describe('a form', () => {
  /** As browsers and Node write it. */
  function formOf(parts: readonly (readonly [name: string, value: string | Blob])[]): FormData {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value);
    return form;
  }

  it('of one text is one item', async () => {
    for (const name of ['input', 'file', 'wörter']) {
      const { status, body } = await post(
        '/predict',
        formOf([
          ['model', 'text'],
          [name, 'größer 🌊'],
        ]),
      );
      assert.deepEqual([status, body['output']], [200, { y: 'größer 🌊' }]);
    }
  });

  it('of several is a list, in their order', async () => {
    const form = formOf([
      ['input', 'a'],
      ['id', 'form-1'],
      ['input', 'b'],
      ['other', 'c'],
      ['priority', '1'],
    ]);
    const { status, body } = await post('/models/text/predict', form);
    assert.deepEqual([status, body['id']], [200, 'form-1']);
    const outputs = body['outputs'] as { output: { y: string } }[];
    assert.deepEqual(
      outputs.map(({ output: { y } }) => y),
      ['a', 'b', 'c'],
    );
  });

  it('of one is a list under a name that means one', async () => {
    const { body } = await post('/models/text/predict', formOf([['inputs', 'a']]));
    assert.equal((body['outputs'] as unknown[]).length, 1);
  });

  it('takes a model’s tensors as parts of JSON', async () => {
    const part = (text: string) => field('input', text, 'application/json');
    const one = formBytes([field('model', 'both'), field('version', '1'), part('{"x":[1,2,3,4]}')]);
    assert.deepEqual((await post('/predict', one, { 'Content-Type': FORM_TYPE })).body['output'], output);
    const two = gzipSync(formBytes([part('[1,2,3,4]'), part('[0,0,0]')]));
    const { body } = await post('/models/affine/predict', two, {
      'Content-Type': FORM_TYPE,
      'Content-Encoding': 'gzip',
    });
    const [first, second] = body['outputs'] as { output?: object; error?: { path: string } }[];
    assert.deepEqual([first?.output, second?.error?.path], [output, 'inputs[1]']);
  });

  it('gives a file to a model of tensors as an error of its own', async () => {
    const form = formOf([
      ['input', new Blob(['x'], { type: 'image/png' })],
      ['input', 'text'],
    ]);
    const { status, body } = await post('/models/text/predict', form);
    assert.equal(status, 200);
    const [first, second] = body['outputs'] as { error?: Problem; output?: object }[];
    assert.deepEqual(second?.output, { y: 'text' });
    const { error } = first ?? {};
    assert.deepEqual([error?.code, error?.path, error?.got], ['UNSUPPORTED_MEDIA_TYPE', 'inputs[0]', 'image/png']);
  });

  it('is refused where it names another model than the URL', async () => {
    const { status, body } = await post(
      '/models/text/predict',
      formOf([
        ['model', 'affine'],
        ['input', 'x'],
      ]),
    );
    assert.deepEqual([status, body['code'], body['path']], [400, 'INVALID_REQUEST', 'model']);
  });

  it('of 10,000 parts, or one that is cut off, is refused, and harms nobody', async () => {
    const many = formBytes(Array.from({ length: 10_000 }, () => file('f', 'x')));
    assert.equal(
      (await post('/models/text/predict', many, { 'Content-Type': FORM_TYPE })).body['code'],
      'TOO_MANY_ROWS',
    );
    const form = formBytes([field('input', 'größer'), file('f', 'x')]);
    for (let length = 1; length < form.length - 2; length += 13) {
      const { status, body } = await post('/models/text/predict', form.subarray(0, length), {
        'Content-Type': FORM_TYPE,
      });
      assert.deepEqual([status, body['code'], body['path']], [400, 'INVALID_REQUEST', 'body']);
    }
    assert.equal((await post('/predict', document, json)).status, 200);
  });

  it('may come in pieces', async () => {
    const client = await RawConnection.to(server.server);
    const form = formBytes([field('model', 'text'), field('input', 'größer')]);
    client.write(
      `POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: ${FORM_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (const byte of form)
      client.socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]));
    client.write('0\r\n\r\n');
    const { status, body } = await client.answer();
    assert.equal(status, 200, body);
    assert.deepEqual((JSON.parse(body) as { output: object }).output, { y: 'größer' });
    client.socket.destroy();
  });
});
