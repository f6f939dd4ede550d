import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { affine } from '../support/fixture-models.js';
import { detailsOf, startGrpc } from '../support/grpc-client.js';

const CHECK = '/grpc.health.v1.Health/Check';
const LIST = '/grpc.health.v1.Health/List';
const WATCH = '/grpc.health.v1.Health/Watch';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

describe('the health of a gRPC server', () => {
  it('is that of the whole server, by any name that it has', async (t) => {
    const { client } = await startGrpc(t, { 'affine.onnx': affine() });
    for (const service of ['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health']) {
      assert.equal((await client.call(CHECK, { service }))['status'], SERVING, service);
    }
    const { statuses } = await client.call<{ statuses: Record<string, { status: number }> }>(LIST, {});
    assert.deepEqual(Object.keys(statuses), ['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health']);
  });

  it('is NOT_FOUND for a service that there is not', async (t) => {
    const { client } = await startGrpc(t, {});
    await assert.rejects(client.call(CHECK, { service: 'no.such.Service' }), (error: ServiceError) => {
      assert.equal(error.code, status.NOT_FOUND);
      assert.equal(detailsOf(error).reason, 'NAME_NOT_FOUND');
      return true;
    });
  });

  it('is NOT_SERVING while no model can be used', async (t) => {
    const { client } = await startGrpc(t, { 'broken.onnx': 'no model' });
    assert.equal((await client.call(CHECK, { service: '' }))['status'], NOT_SERVING);
  });

  it('is told to those who watch, until the server stops', async (t) => {
    const { client, millrace } = await startGrpc(t, { 'affine.onnx': affine() });
    const answers: unknown[] = [];
    const watching = client.watch(WATCH, { service: '' });
    watching.on('data', (answer: { status: number }) => answers.push(answer.status));
    const unknown = client.watch(WATCH, { service: 'no.such.Service' });
    unknown.on('error', () => undefined);
    const [first] = (await once(unknown, 'data')) as [{ status: number }];
    assert.equal(first.status, SERVICE_UNKNOWN);
    if (answers.length === 0) await once(watching, 'data');
    const ended = once(watching, 'error') as Promise<[ServiceError]>;
    const [[error]] = await Promise.all([ended, millrace.close()]);
    assert.equal(error.code, status.UNAVAILABLE);
    assert.equal(detailsOf(error).reason, 'SHUTTING_DOWN');
    assert.deepEqual(answers, [SERVING, NOT_SERVING]);
  });
});
