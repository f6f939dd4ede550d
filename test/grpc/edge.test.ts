import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { createServer as createMillrace, type ServerConfigInput } from '#src/server.js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { detailsOf, inferAffine, startGrpc } from '../support/grpc-client.js';
import { metricValue } from '../support/metrics-text.js';
import { createModelFolder } from '../support/model-folder.js';

const INFER = '/inference.GRPCInferenceService/ModelInfer';
const models = { 'affine.onnx': affine() };

/** Sends any bytes as the message of a call. */
function send(client: Awaited<ReturnType<typeof startGrpc>>['client'], bytes: Buffer): Promise<Buffer> {
  const same = (all: Buffer) => all;
  return new Promise((resolve, reject) => {
    client.client.makeUnaryRequest(INFER, same, same, bytes, (error, answer) => {
      if (error === null) resolve(answer as Buffer);
      else reject(error);
    });
  });
}

/** A program that has a port, on an address of this machine that no other test uses. */
async function occupy(t: TestContext, port: number, host: string): Promise<number> {
  const other = createServer().listen(port, host);
  t.after(() => other.close());
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

describe('the port for gRPC', () => {
  const make = async (t: TestContext, config: ServerConfigInput) => {
    const folder = await createModelFolder({});
    t.after(() => folder.remove());
    const millrace = await createMillrace({ models: folder.dir, port: 0, log: { level: 'silent' }, ...config });
    t.after(() => millrace.destroy());
    return millrace;
  };
  const addressOf = async (t: TestContext, config: ServerConfigInput) => {
    const millrace = await make(t, config);
    await millrace.listen();
    return millrace.grpcAddress;
  };

  it('is any that is free, or none', async (t) => {
    assert.match((await addressOf(t, { grpc: { port: 0 } })) ?? '', /^127\.0\.0\.1:\d+$/);
    assert.equal(await addressOf(t, { grpc: { port: 'off' } }), undefined);
  });

  it('is 8001 unless one is named', async (t) => {
    assert.equal(await addressOf(t, { host: '127.0.18.1' }), '127.0.18.1:8001');
  });

  it('is none, with one warning, where nobody named one and 8001 is taken', async (t) => {
    const host = '127.0.18.2';
    await occupy(t, 8_001, host);
    const millrace = await make(t, { host });
    const events = new EventWatch(millrace);
    await millrace.listen();
    assert.equal(millrace.grpcAddress, undefined);
    const text = `gRPC is off: another program listens on ${host}:8001; choose a port with --grpc-port, or say off`;
    await events.until('serverNotice', ({ notice }) => notice === text);
    assert.equal(events.all('serverNotice', ({ notice }) => notice.includes('gRPC')).length, 1);
    assert.ok((await fetch(`${millrace.url}/healthz/live`)).ok);
  });

  it('must be free if it was named', async (t) => {
    const port = await occupy(t, 0, '127.0.0.1');
    await assert.rejects(addressOf(t, { grpc: { port } }), { code: 'EADDRINUSE' });
  });
});

describe('a gRPC server', () => {
  it('refuses messages that are larger than a body may be, and goes on', async (t) => {
    const { client, millrace, get } = await startGrpc(t, models, { limits: { body_bytes: 1_000 } });
    const events = new EventWatch(millrace);
    await assert.rejects(send(client, Buffer.alloc(1_001)), (error: ServiceError) => {
      assert.equal(error.code, status.RESOURCE_EXHAUSTED);
      assert.equal(detailsOf(error).reason, 'PAYLOAD_TOO_LARGE');
      return true;
    });
    const [settled] = await events.until('callSettled');
    assert.deepEqual([settled?.status, settled?.code], ['RESOURCE_EXHAUSTED', 'PAYLOAD_TOO_LARGE']);
    await inferAffine(client, [1, 2, 3, 4]);
    await events.until('callSettled', () => true, 2);
    const { text } = await get('/metrics');
    const calls = (name: string) =>
      metricValue(text, 'millrace_grpc_calls_total', { method: 'ModelInfer', status: name });
    assert.deepEqual([calls('RESOURCE_EXHAUSTED'), calls('OK')], [1, 1]);
    assert.equal(metricValue(text, 'millrace_grpc_call_duration_seconds_count', { method: 'ModelInfer' }), 2);
  });

  it('inflates messages, up to the same size', async (t) => {
    const { connect: open } = await startGrpc(t, models, { limits: { body_bytes: 1_000 } });
    const GZIP = 2;
    const client = open(undefined, { 'grpc.default_compression_algorithm': GZIP });
    assert.deepEqual(await inferAffine(client, [1, 2, 3, 4]), [3, 5, 7, 9]);
    await assert.rejects(send(client, Buffer.alloc(100_000)), { code: status.RESOURCE_EXHAUSTED });
  });

  it('refuses bytes that are no message, and goes on', async (t) => {
    const { client } = await startGrpc(t, models);
    await assert.rejects(send(client, Buffer.from('hello')), (error: ServiceError) => {
      assert.equal(error.code, status.INVALID_ARGUMENT);
      assert.match(error.details, /^The message cannot be read: /);
      return true;
    });
    assert.deepEqual(await inferAffine(client, [1, 2, 3, 4]), [3, 5, 7, 9]);
  });

  it('calls a call as its client does, and tells who it was', async (t) => {
    const { client, millrace } = await startGrpc(t, models);
    const events = new EventWatch(millrace);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const metadata = { 'x-request-id': 'mine', traceparent };
    await assert.rejects(client.call('ModelMetadata', { name: 'no-such' }, { metadata }), (error: ServiceError) => {
      assert.deepEqual(error.metadata.get('x-request-id'), ['mine']);
      assert.equal(detailsOf(error).metadata['request_id'], 'mine');
      return true;
    });
    const [settled] = await events.until('callSettled');
    const { requestId, method, status: name, code, remote, tenant } = settled ?? {};
    assert.deepEqual(
      [requestId, settled?.traceparent, method, name, code, remote, tenant],
      ['mine', traceparent, 'ModelMetadata', 'NOT_FOUND', 'MODEL_NOT_FOUND', '127.0.0.1', undefined],
    );
  });

  it('has no other services, and says so', async (t) => {
    const { client } = await startGrpc(t, {});
    const same = (all: Buffer) => all;
    const asked = new Promise((_, reject) => {
      client.client.makeUnaryRequest('/no.such.Service/Method', same, same, Buffer.alloc(0), (error) => reject(error));
    });
    await assert.rejects(asked, { code: status.UNIMPLEMENTED });
  });

  it('bounds its connections', async (t) => {
    const { address } = await startGrpc(t, {}, { limits: { connections: 1 } });
    const [host, port] = address.split(':');
    const open = () => connect(Number(port), host);
    const first = open();
    t.after(() => first.destroy());
    await once(first, 'data');
    const second = open();
    second.on('error', () => undefined);
    await once(second, 'close');
    assert.equal(first.destroyed, false);
  });
});
