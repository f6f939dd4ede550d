import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ServerConfigInput } from '#src/server.js';
import { firstCertificate, secondCertificate, type TestCertificate } from '../support/certificates.js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { holdInstances } from '../support/instance-gate.js';
import { createModelFolder } from '../support/model-folder.js';
import { RawConnection } from '../support/raw-connection.js';
import { startTestServer } from '../support/test-server.js';

const ca = firstCertificate.cert;
const filesOf = ({ cert, key }: TestCertificate) => ({ 'cert.pem': cert, 'key.pem': key });

/** A server over TLS, with the first certificate unless `files` says otherwise. */
async function start(t: TestContext, config: ServerConfigInput = {}, files: object = filesOf(firstCertificate)) {
  const folder = await createModelFolder({ ...files });
  t.after(() => folder.remove());
  const tls = { cert: `${folder.dir}/cert.pem`, key: `${folder.dir}/key.pem` };
  const server = await startTestServer({ 'affine.onnx': affine() }, { ...config, tls: { ...config.tls, ...tls } });
  t.after(() => server.stop());
  return {
    ...server,
    events: new EventWatch(server.millrace),
    write: folder.write,
    connect: () => RawConnection.to(server.server, { ca }),
    /** A handshake of its own, as far as it comes; gives the name of the certificate. */
    handshake: async (options: ConnectionOptions = {}) => {
      const { port } = server.server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      t.after(() => socket.destroy());
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate().subject.CN;
    },
  };
}

describe('a server over TLS', () => {
  it('says so in its URL, and answers like any other', async (t) => {
    const { millrace, post, get } = await start(t);
    assert.match(millrace.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const { body } = await post('/predict', { model: 'affine', input: [1, 2, 3, 4] })
      .ca(ca)
      .expect(200);
    assert.deepEqual(body.output, { y: [3, 5, 7, 9] });
    const { text } = await get('/').ca(ca).expect(200);
    assert.ok(text.includes(`curl ${millrace.url}/predict`), text);
  });

  it('tells clients to come back over TLS alone only where it is told to: that holds for all ports of the host', async (t) => {
    const strict = await start(t, { tls: { cert: '', key: '', hsts: true } });
    await strict.get('/healthz/live').ca(ca).expect('Strict-Transport-Security', 'max-age=31536000');
    await strict.get('/nothing').ca(ca).expect(404).expect('Strict-Transport-Security', 'max-age=31536000');
    const { get } = await start(t);
    const { headers } = await get('/healthz/live').ca(ca);
    assert.equal(headers['strict-transport-security'], undefined);
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async (t) => {
    const { handshake } = await start(t);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      assert.equal(await handshake({ minVersion: version, maxVersion: version }), 'first');
    }
    // The client must be willing, or it would be the one that refuses.
    const willing = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(handshake(willing), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  it('answers what is no HTTP with a problem, and ends the connection', async (t) => {
    const { connect } = await start(t);
    const client = await connect();
    client.write('hello\r\n\r\n');
    const { status, headers, body } = await client.answer();
    assert.deepEqual(
      [status, headers['content-type'], headers['connection']],
      [400, 'application/problem+json', 'close'],
    );
    assert.equal((JSON.parse(body) as { code: string }).code, 'INVALID_REQUEST');
    await client.ended;
  });

  it('ends connections that speak no TLS, or leave in the middle of the handshake, and goes on', async (t) => {
    const { server, handshake } = await start(t);
    const plain = await RawConnection.to(server);
    plain.get('/healthz/live');
    await plain.ended;
    const accepted = once(server, 'connection');
    const leaving = await RawConnection.to(server);
    await accepted;
    leaving.write('\x16\x03\x01\x02\x00');
    leaving.socket.resetAndDestroy();
    assert.equal(await handshake(), 'first');
  });

  it('gives a handshake as long as headers, and not longer', async (t) => {
    const { server } = await start(t, { limits: { headers_timeout_ms: 50 } });
    const late = once(server, 'tlsClientError') as Promise<[NodeJS.ErrnoException, TLSSocket]>;
    const client = await RawConnection.to(server);
    const [fault] = await late;
    assert.equal(fault.code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
    await client.ended;
  });

  it('finishes what was accepted when it closes', async (t) => {
    const { millrace, events, connect } = await start(t);
    const gate = holdInstances(millrace, 'affine');
    const [client, idle] = [await connect(), await connect()];
    client.post('/predict', { id: 'accepted', model: 'affine', input: [1, 2, 3, 4] });
    await events.until('jobQueued', ({ jobId }) => jobId === 'accepted');
    const closing = millrace.close();
    await events.until('serverStopping');
    gate.open();
    const { status, headers } = await client.answer();
    assert.deepEqual([status, headers['connection']], [200, 'close']);
    await Promise.all([idle.ended, closing]);
  });

  it('does not start with files that are missing, or that do not belong together', async (t) => {
    const refusal = (files: object, message: RegExp) =>
      assert.rejects(start(t, {}, files), { code: 'INVALID_REQUEST', message });
    await refusal({ 'cert.pem': firstCertificate.cert }, /cert\.pem and .*key\.pem: ENOENT/);
    const mixed = { 'cert.pem': firstCertificate.cert, 'key.pem': secondCertificate.key };
    await refusal(mixed, /key\.pem: not a certificate and its key in PEM: .*mismatch/);
  });
});

describe('the certificate', () => {
  it('is exchanged while the server runs, and the connections that there are go on', async (t) => {
    const { connect, handshake, events, write } = await start(t);
    const client = await connect();
    await write(filesOf(secondCertificate));
    await events.until('filesReloaded', ({ what }) => what === 'certificate');
    assert.equal(await handshake(), 'second');
    await assert.rejects(handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    client.get('/healthz/live');
    assert.equal((await client.answer()).status, 200);
    client.socket.destroy();
  });

  it('stays where the new files are of no use, and that is told', async (t) => {
    const { handshake, events, write } = await start(t);
    await write({ 'key.pem': secondCertificate.key });
    const [failed] = await events.until('reloadFailed');
    assert.equal(failed?.what, 'certificate');
    assert.match(failed?.reason ?? '', /mismatch/);
    assert.equal(await handshake(), 'first');
  });
});
