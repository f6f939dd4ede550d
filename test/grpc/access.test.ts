import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { ChannelCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { firstCertificate, secondCertificate, type TestCertificate } from '../support/certificates.js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { detailsOf, inferAffine, startGrpc } from '../support/grpc-client.js';
import { bearer, keysFile, testKey } from '../support/keys.js';
import { createModelFolder } from '../support/model-folder.js';

const models = { 'affine.onnx': affine() };
const all = testKey('all');
const inference = testKey('inference', { scopes: ['infer'] });
const watcher = testKey('watcher', { scopes: ['metrics'] });

async function startWithKeys(t: TestContext) {
  const folder = await createModelFolder({ 'keys.yaml': keysFile(all, inference, watcher) });
  t.after(() => folder.remove());
  const server = await startGrpc(t, models, { auth: { keys_file: `${folder.dir}/keys.yaml` } });
  return { ...server, events: new EventWatch(server.millrace) };
}

describe('a gRPC server with keys', () => {
  it('answers only what is public without one', async (t) => {
    const { client, events } = await startWithKeys(t);
    for (const method of ['ModelInfer', 'ModelReady', 'ModelMetadata', 'RepositoryIndex', 'RepositoryModelLoad']) {
      await assert.rejects(client.call(method, {}), (error: ServiceError) => {
        assert.equal(error.code, status.UNAUTHENTICATED, method);
        assert.equal(detailsOf(error).reason, 'UNAUTHENTICATED');
        return true;
      });
    }
    const stream = client.stream('ModelStreamInfer');
    const [error] = (await once(stream, 'error')) as [ServiceError];
    assert.equal(error.code, status.UNAUTHENTICATED);
    for (const method of ['ServerLive', 'ServerReady', '/grpc.health.v1.Health/Check']) await client.call(method, {});
    const settled = await events.until('callSettled', ({ code }) => code === 'UNAUTHENTICATED', 6);
    assert.deepEqual(new Set(settled.map(({ tenant }) => tenant)), new Set([undefined]));
  });

  it('lets in who brings one, in either way, and knows whose it is', async (t) => {
    const { client, events } = await startWithKeys(t);
    for (const metadata of [bearer(all), { 'x-api-key': inference.key }]) {
      assert.deepEqual(await inferAffine(client, [1, 2, 3, 4], { metadata }), [3, 5, 7, 9]);
    }
    const settled = await events.until('callSettled', () => true, 2);
    assert.deepEqual(
      settled.map(({ tenant }) => tenant),
      ['all', 'inference'],
    );
  });

  it('asks for the scope of the method', async (t) => {
    const { client } = await startWithKeys(t);
    const forbidden = async (method: string, key: typeof all) => {
      await assert.rejects(client.call(method, {}, { metadata: bearer(key) }), (error: ServiceError) => {
        assert.equal(error.code, status.PERMISSION_DENIED, method);
        assert.equal(detailsOf(error).reason, 'FORBIDDEN');
        return true;
      });
    };
    await forbidden('ModelInfer', watcher);
    await forbidden('RepositoryModelLoad', inference);
    await forbidden('RepositoryModelUnload', inference);
    await assert.rejects(client.call('ModelMetadata', {}, { metadata: { 'x-api-key': 'mk_unknown' } }), {
      code: status.UNAUTHENTICATED,
    });
  });
});

describe('a gRPC server with TLS', () => {
  const filesOf = ({ cert, key }: TestCertificate) => ({ 'cert.pem': cert, 'key.pem': key });
  const trusting = ({ cert }: TestCertificate) => ChannelCredentials.createSsl(Buffer.from(cert));

  it('shows the certificate of HTTP, and its successor when that is exchanged', async (t) => {
    const folder = await createModelFolder(filesOf(firstCertificate));
    t.after(() => folder.remove());
    const tls = { cert: `${folder.dir}/cert.pem`, key: `${folder.dir}/key.pem` };
    const { connect, millrace } = await startGrpc(t, models, { tls });
    const events = new EventWatch(millrace);
    const first = connect(trusting(firstCertificate));
    assert.deepEqual(await inferAffine(first, [1, 2, 3, 4]), [3, 5, 7, 9]);
    await assert.rejects(connect(trusting(secondCertificate)).call('ServerLive', {}), { code: status.UNAVAILABLE });
    await assert.rejects(connect().call('ServerLive', {}), { code: status.UNAVAILABLE });
    await folder.write(filesOf(secondCertificate));
    await events.until('filesReloaded', ({ what }) => what === 'certificate');
    for (const client of [connect(trusting(secondCertificate)), first]) {
      assert.equal((await client.call('ServerLive', {}))['live'], true);
    }
  });
});
