import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { GracefulServer } from '#src/http/graceful-server.js';
import { firstCertificate } from '../support/certificates.js';
import { RawConnection } from '../support/raw-connection.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A server that leaves each answer to the test, in the order in which the requests came. */
async function startServer(t: TestContext, isTls: boolean) {
  const clock = new VirtualClock();
  const { cert, key } = firstCertificate;
  const server = isTls ? createTlsServer({ cert, key, keepAliveTimeout: 0 }) : createServer({ keepAliveTimeout: 0 });
  const graceful = new GracefulServer(server, clock);
  const nextRequest = requestsOf(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const connect = () => RawConnection.to(server, isTls ? { ca: cert } : {});
  return { clock, server, graceful, nextRequest, connect };
}

/** Gives the function that waits for the next request and hands out its answer. */
function requestsOf(server: Server): () => Promise<ServerResponse> {
  const waiting: ServerResponse[] = [];
  let onRequest: () => void = () => undefined;
  server.on('request', (_request, answer) => {
    waiting.push(answer);
    onRequest();
  });
  return async () => {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        onRequest = resolve;
      });
    }
    return waiting.shift() as ServerResponse;
  };
}

/** Follows a promise without waiting for it. */
function follow(promise: Promise<unknown>): { readonly settled: boolean } {
  const state = { settled: false };
  void promise.finally(() => {
    state.settled = true;
  });
  return state;
}

const reply = (answer: ServerResponse, text: string) => answer.setHeader('Content-Length', text.length).end(text);

for (const isTls of [false, true]) {
  const start = (t: TestContext) => startServer(t, isTls);

  describe(`GracefulServer ${isTls ? 'over TLS' : 'over TCP'}`, () => {
    it('keeps connections alive until it is told to close, then lets each answer end its own', async (t) => {
      const { graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.get('/1');
      reply(await nextRequest(), 'one');
      assert.equal((await client.answer()).headers['connection'], 'keep-alive');

      client.get('/2');
      const second = await nextRequest();
      graceful.announceClosing();
      reply(second, 'two');
      const { headers, body } = await client.answer();
      assert.deepEqual([headers['connection'], body], ['close', 'two']);
      await client.ended;

      const late = await connect();
      late.get('/3');
      reply(await nextRequest(), 'three');
      assert.equal((await late.answer()).headers['connection'], 'close');
    });

    it('waits for the answers that are under way', async (t) => {
      const { clock, graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.get('/');
      const answer = await nextRequest();
      const closing = graceful.close();
      const state = follow(closing);
      await clock.advance(60_000);
      assert.equal(state.settled, false);
      reply(answer, 'done');
      assert.equal((await client.answer()).body, 'done');
      await closing;
    });

    it('answers a request that was on its way when it began to close', async (t) => {
      const { clock, graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.get('/1');
      reply(await nextRequest(), 'one');
      await client.answer();

      // Idle for the server, which has not read what the client writes now.
      client.get('/2');
      const closing = graceful.close();
      reply(await nextRequest(), 'two');
      const { headers, body } = await client.answer();
      assert.deepEqual([headers['connection'], body], ['close', 'two']);
      await clock.advance(100);
      await closing;
    });

    it('ends connections that stay silent, after a while', async (t) => {
      const { clock, graceful, connect } = await start(t);
      const client = await connect();
      await clock.settle();
      const closing = graceful.close();
      const state = follow(closing);
      await clock.advance(99);
      assert.equal(state.settled, false);
      await clock.advance(1);
      await Promise.all([client.ended, closing]);
    });

    it('takes no new connections once it closes', async (t) => {
      const { clock, server, graceful } = await start(t);
      const { port } = server.address() as AddressInfo;
      const closing = graceful.close();
      await clock.advance(100);
      await closing;
      await assert.rejects(RawConnection.to({ url: `http://127.0.0.1:${port}` }), { code: 'ECONNREFUSED' });
    });

    it('ends everything at once when it is destroyed', async (t) => {
      const { server, graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.get('/');
      await nextRequest();
      const closed = once(server, 'close');
      graceful.destroy();
      await client.ended;
      await closed;
      await assert.rejects(client.answer(), /ended the connection/);
    });

    it('answers all pipelined requests that had arrived, and ends the connection after the last', async (t) => {
      const { graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.write('GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n');
      const [first, second] = [await nextRequest(), await nextRequest()];
      graceful.announceClosing();
      reply(first, 'one');
      reply(second, 'two');
      assert.equal((await client.answer()).body, 'one');
      const { headers, body } = await client.answer();
      assert.deepEqual([headers['connection'], body], ['close', 'two']);
      await client.ended;
    });

    it('does not wait for a client that left in the middle of pipelined requests', async (t) => {
      const { clock, graceful, nextRequest, connect } = await start(t);
      const client = await connect();
      client.write('GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n');
      const first = await nextRequest();
      await nextRequest();
      client.socket.destroy();
      await once(first, 'close');
      const closing = graceful.close();
      await clock.advance(100);
      await closing;
    });
  });
}

describe('GracefulServer, where a handshake is under way', () => {
  it('does not wait for a handshake that does not come to its end', async (t) => {
    const { clock, server, graceful } = await startServer(t, true);
    const accepted = once(server, 'connection');
    const client = await RawConnection.to(server);
    await accepted;
    const closing = graceful.close();
    await clock.advance(100);
    await Promise.all([client.ended, closing]);
  });

  it('ends handshakes at once when it is destroyed', async (t) => {
    const { server, graceful } = await startServer(t, true);
    const accepted = once(server, 'connection');
    const client = await RawConnection.to(server);
    await accepted;
    const closed = once(server, 'close');
    graceful.destroy();
    await Promise.all([client.ended, closed]);
  });
});
