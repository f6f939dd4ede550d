import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { RawConnection } from '../support/raw-connection.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

/** What a server learns from requests that come from 127.0.0.1 and carry these headers. */
class Asker {
  readonly server: TestServer;
  readonly #events: EventWatch;
  #count = 0;

  constructor(server: TestServer) {
    this.server = server;
    this.#events = new EventWatch(server.millrace);
  }

  /** The client's address, as an observer is told it. */
  async remoteFor(...headers: string[]): Promise<string | undefined> {
    this.#count += 1;
    const id = `request-${this.#count}`;
    await this.#get(`X-Request-Id: ${id}`, ...headers);
    const [settled] = await this.#events.until('requestSettled', ({ requestId }) => requestId === id);
    return settled?.remote;
  }

  /** Where the page at `/` says that the server is. */
  async originFor(...headers: string[]): Promise<string | undefined> {
    return /curl (\S+)\/predict/.exec(await this.#get(...headers))?.[1];
  }

  async #get(...headers: string[]): Promise<string> {
    const client = await RawConnection.to(this.server.server);
    client.write(`GET / HTTP/1.1\r\n${['Host: models.internal', ...headers].join('\r\n')}\r\n\r\n`);
    const { body } = await client.answer();
    client.socket.destroy();
    return body;
  }
}

describe('a server behind proxies that it trusts', () => {
  let asker: Asker;
  before(async () => {
    const config = { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] };
    asker = new Asker(await startTestServer({ 'affine.onnx': affine() }, config));
  });
  after(() => asker.server.stop());

  const chains: Record<string, [headers: string[], remote: string]> = {
    'the connection without a word of the proxy': [[], '127.0.0.1'],
    'the client that the proxy names': [['X-Forwarded-For: 203.0.113.7'], '203.0.113.7'],
    'the last address that is no proxy': [['X-Forwarded-For: 203.0.113.7, 10.1.2.3'], '203.0.113.7'],
    'no address that the client made up': [['X-Forwarded-For: 198.51.100.1, 203.0.113.7'], '203.0.113.7'],
    'two headers as one': [['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 203.0.113.7'], '203.0.113.7'],
    'an address of version 6': [['X-Forwarded-For: 2001:db8::7'], '2001:db8::7'],
    'the first of proxies alone': [['X-Forwarded-For: 10.1.1.1, 10.2.2.2'], '10.1.1.1'],
    'the connection where there is no address': [['X-Forwarded-For: unknown'], '127.0.0.1'],
    'the connection where there is a text': [['X-Forwarded-For: {"level":"error"}'], '127.0.0.1'],
    'the connection where there is nothing': [['X-Forwarded-For:'], '127.0.0.1'],
  };
  for (const [what, [headers, remote]] of Object.entries(chains)) {
    it(`takes for the client ${what}`, async () => assert.equal(await asker.remoteFor(...headers), remote));
  }

  it('is where the proxy says', async () => {
    assert.equal(await asker.originFor('X-Forwarded-Proto: https'), 'https://models.internal');
    assert.equal(await asker.originFor('X-Forwarded-Host: other.example:8443'), 'http://other.example:8443');
    assert.equal(await asker.originFor('X-Forwarded-Proto: https, http'), 'https://models.internal');
    assert.equal(await asker.originFor('X-Forwarded-Proto: javascript'), 'http://models.internal');
  });

  it('does not repeat what is no host', async () => {
    assert.equal(await asker.originFor("X-Forwarded-Host: a';rm"), asker.server.millrace.url);
  });
});

describe('a server that trusts no proxy', () => {
  it('goes by the connection alone', async (t) => {
    const asker = new Asker(await startTestServer({ 'affine.onnx': affine() }));
    t.after(() => asker.server.stop());
    assert.equal(await asker.remoteFor('X-Forwarded-For: 203.0.113.7', 'Forwarded: for=203.0.113.7'), '127.0.0.1');
    const headers = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: other.example'];
    assert.equal(await asker.originFor(...headers), asker.server.millrace.url);
  });
});
