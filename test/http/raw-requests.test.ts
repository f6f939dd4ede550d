import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { holdInstances } from '../support/instance-gate.js';
import { type RawAnswer, RawConnection } from '../support/raw-connection.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer(
    { 'affine.onnx': affine(), 'other.onnx': affine() },
    { limits: { body_bytes: 100_000 } },
  );
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const connect = () => RawConnection.to(server.server);

const headOf = (...headers: string[]): string => {
  return `${['POST /predict HTTP/1.1', 'Host: test', 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n`;
};

const chunked = headOf('Transfer-Encoding: chunked');

function assertProblem({ status, headers, body }: RawAnswer, expected: number, code: string): void {
  assert.equal(status, expected, body);
  assert.equal(headers['content-type'], 'application/problem+json');
  const problem = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual([problem['code'], problem['status']], [code, expected]);
  assert.ok(problem['request_id']);
}

async function assertStillServes(): Promise<void> {
  const { body } = await server.post('/predict', { model: 'affine', input: [1, 2, 3, 4] }).expect(200);
  assert.deepEqual(body.output, { y: [3, 5, 7, 9] });
}

describe('bytes that are no HTTP request', () => {
  const faults: Record<string, [bytes: string, status: number, code: string]> = {
    'a greeting': ['hello\r\n\r\n', 400, 'INVALID_REQUEST'],
    'the start of TLS': ['\x16\x03\x01\x02\x00\x01\x00', 400, 'INVALID_REQUEST'],
    'headers larger than allowed': [headOf(`X-Filler: ${'x'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
    'a path larger than allowed': [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`, 431, 'HEADERS_TOO_LARGE'],
    'two lengths of one body': [headOf('Content-Length: 5', 'Content-Length: 6'), 400, 'INVALID_REQUEST'],
    'a length and chunks': [headOf('Content-Length: 5', 'Transfer-Encoding: chunked'), 400, 'INVALID_REQUEST'],
  };
  for (const [what, [bytes, status, code]] of Object.entries(faults)) {
    it(`such as ${what} are answered with a problem, and the connection ends`, async () => {
      const client = await connect();
      client.write(bytes);
      const answer = await client.answer();
      assertProblem(answer, status, code);
      assert.equal(answer.headers['connection'], 'close');
      await client.ended;
      await assertStillServes();
    });
  }

  it('such as a request without a Host are answered with a problem', async () => {
    const client = await connect();
    client.write('GET /healthz/live HTTP/1.1\r\n\r\n');
    assertProblem(await client.answer(), 400, 'INVALID_REQUEST');
  });

  it('which do not come in time are answered with a problem', async () => {
    const accepted = once(server.server, 'connection') as Promise<[Socket]>;
    const client = await connect();
    const [socket] = await accepted;
    // What Node says when its own timer fires.
    server.server.emit('clientError', Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
    assertProblem(await client.answer(), 408, 'REQUEST_TIMEOUT');
    await client.ended;
  });
});

describe('a fault in a stream of requests', () => {
  it('ends the connection also with a client that never closes its side', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const accepted = once(server.server, 'connection') as Promise<[Socket]>;
    const client = await RawConnection.to(server.server, { allowHalfOpen: true });
    const [socket] = await accepted;
    client.write('hello\r\n\r\n');
    assertProblem(await client.answer(), 400, 'INVALID_REQUEST');
    await client.ended;
    assert.equal(socket.destroyed, false);
    t.mock.timers.tick(1_000);
    assert.equal(socket.destroyed, true);
    client.socket.destroy();
  });

  it('lets the answers to requests before it out, and then ends the connection', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const faulty = once(server.server, 'clientError');
    const client = await connect();
    for (const id of ['before-1', 'before-2']) client.post('/predict', { id, model: 'affine', input: [1, 2, 3, 4] });
    await events.until('jobQueued', ({ jobId }) => jobId === 'before-2');
    client.write('hello\r\n\r\n');
    await faulty;
    gate.open();
    const answers = [await client.answer(), await client.answer()];
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers['connection']]),
      [
        [200, 'keep-alive'],
        [200, 'close'],
      ],
    );
    await client.ended;
    await assert.rejects(client.answer(), /ended the connection after ""/);
  });

  it('is answered with a problem where it lies inside a body that is being read', async () => {
    const client = await connect();
    client.write(`${chunked}5\r\n{"mod\r\nno length\r\n`);
    assertProblem(await client.answer(), 400, 'INVALID_REQUEST');
    await client.ended;
    await assertStillServes();
  });
});

describe('a body', () => {
  it('is refused by its declared length, before it comes', async () => {
    const client = await connect();
    client.write(headOf('Content-Length: 999999999999'));
    assertProblem(await client.answer(), 413, 'PAYLOAD_TOO_LARGE');
    client.socket.destroy();
    await assertStillServes();
  });

  it('is refused by the bytes that came, and the connection goes on', async () => {
    const client = await connect();
    const chunk = `${(10_000).toString(16)}\r\n${' '.repeat(10_000)}\r\n`;
    client.write(chunked + chunk.repeat(11));
    assertProblem(await client.answer(), 413, 'PAYLOAD_TOO_LARGE');
    client.write(`${chunk}0\r\n\r\n`);
    client.get('/healthz/live');
    assert.equal((await client.answer()).status, 200);
    client.socket.destroy();
  });

  it('is refused in very many very small chunks', async () => {
    const client = await connect();
    client.write(`${chunked}${'1\r\n \r\n'.repeat(5_000)}0\r\n\r\n`);
    const answer = await client.answer();
    assertProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
    assert.match(answer.body, /4097 chunks/);
    client.socket.destroy();
  });

  it('is refused with endless chunk extensions, once', async () => {
    const client = await connect();
    client.write(`${chunked}1;${'x'.repeat(20_000)}\r\n`);
    assertProblem(await client.answer(), 413, 'PAYLOAD_TOO_LARGE');
    await client.ended;
    await assert.rejects(client.answer(), /ended the connection after ""/);
  });

  it('that breaks off is told of as 499, and harms nobody', async () => {
    const client = await connect();
    client.write(headOf('Content-Length: 100', 'X-Request-Id: breaks-off') + '{"model"');
    await events.until('requestReceived', ({ requestId }) => requestId === 'breaks-off');
    client.socket.destroy();
    const [settled] = await events.until('requestSettled', ({ requestId }) => requestId === 'breaks-off');
    assert.deepEqual([settled?.status, settled?.code], [499, 'CLIENT_CLOSED_REQUEST']);
    await assertStillServes();
  });
});

describe('a connection', () => {
  it('may be that of an HTTP/1.0 client', async () => {
    const client = await connect();
    client.write('GET /healthz/live HTTP/1.0\r\n\r\n');
    assert.deepEqual([(await client.answer()).body, await client.ended], ['{"live":true}', undefined]);
  });

  it('gets the answers to pipelined requests in their order, whichever is done first', async () => {
    const gate = holdInstances(server.millrace, 'affine');
    const client = await connect();
    client.post('/predict', { id: 'slow', model: 'affine', input: [1, 1, 1, 1] });
    client.post('/predict', { id: 'quick', model: 'other', input: [2, 2, 2, 2] });
    client.get('/nothing');
    await events.until('jobSettled', ({ jobId }) => jobId === 'quick');
    gate.open();
    const ids = [await client.answer(), await client.answer()].map(
      ({ body }) => (JSON.parse(body) as { id: string }).id,
    );
    assert.deepEqual(ids, ['slow', 'quick']);
    assertProblem(await client.answer(), 404, 'NOT_FOUND');
    client.socket.destroy();
  });

  it('may bring many pipelined requests, of which Node has nothing to complain', async (t) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    const gate = holdInstances(server.millrace, 'affine');
    const client = await connect();
    const ids = Array.from({ length: 25 }, (_, index) => `many-${index}`);
    for (const id of ids) client.post('/predict', { id, model: 'affine', input: [1, 1, 1, 1] });
    await events.until('jobQueued', ({ jobId }) => jobId.startsWith('many-'), ids.length);
    gate.open();
    for (const id of ids) {
      const { status, body } = await client.answer();
      assert.deepEqual([status, (JSON.parse(body) as { id: string }).id], [200, id]);
    }
    client.socket.destroy();
    assert.deepEqual(warnings, []);
  });

  it('takes the jobs of all its pipelined requests with it when it ends', async () => {
    const leftBefore = events.all('requestSettled', ({ status }) => status === 499).length;
    const gate = holdInstances(server.millrace, 'affine');
    const client = await connect();
    for (const id of ['front', 'behind']) client.post('/predict', { id, model: 'affine', input: [1, 1, 1, 1] });
    await events.until('jobQueued', ({ jobId }) => jobId === 'behind');
    client.socket.destroy();
    await events.until('jobSettled', ({ jobId }) => jobId === 'front');
    gate.open();
    const settled = await events.until('jobSettled', ({ jobId }) => jobId === 'front' || jobId === 'behind', 2);
    assert.deepEqual(
      settled.map(({ outcome }) => outcome),
      ['CLIENT_CLOSED_REQUEST', 'CLIENT_CLOSED_REQUEST'],
    );
    await events.until('requestSettled', ({ status }) => status === 499, leftBefore + 2);
  });
});
