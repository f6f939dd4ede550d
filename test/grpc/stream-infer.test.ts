import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { affineRequest, detailsOf, floatsIn, inferAffine, startGrpc } from '../support/grpc-client.js';
import { holdInstances } from '../support/instance-gate.js';

const models = { 'affine.onnx': affine(), 'other.onnx': affine() };
const row = [1, 2, 3, 4];

interface StreamAnswer {
  readonly error_message: string;
  readonly infer_response: { id: string; model_name: string; parameters: object; raw_output_contents: Buffer[] };
}

async function start(t: TestContext, config: object = {}) {
  const server = await startGrpc(t, models, config);
  return { ...server, events: new EventWatch(server.millrace), hold: () => holdInstances(server.millrace, 'affine') };
}

const answersOf = async (stream: AsyncIterable<unknown>) => {
  const all: StreamAnswer[] = [];
  for await (const answer of stream) all.push(answer as StreamAnswer);
  return all;
};

describe('ModelStreamInfer', () => {
  it('answers each request with its id, and ends after the client has', async (t) => {
    const { client } = await start(t);
    const stream = client.stream('ModelStreamInfer');
    for (let id = 0; id < 20; id += 1) stream.write(affineRequest([id, 0, 0, 0], { id: String(id) }));
    stream.end();
    const answers = await answersOf(stream);
    assert.equal(answers.length, 20);
    for (const { error_message, infer_response } of answers) {
      const expected = [2 * Number(infer_response.id) + 1, 1, 1, 1];
      assert.deepEqual([error_message, floatsIn(infer_response.raw_output_contents[0] as Buffer)], ['', expected]);
    }
    assert.equal(new Set(answers.map(({ infer_response }) => infer_response.id)).size, 20);
  });

  it('answers as the answers come, not in the order of the requests', async (t) => {
    const { client, hold, events } = await start(t);
    const gate = hold();
    const stream = client.stream('ModelStreamInfer');
    stream.write(affineRequest(row, { id: 'first' }));
    await events.until('jobQueued');
    stream.write(affineRequest(row, { id: 'second', model_name: 'other' }));
    const [second] = (await once(stream, 'data')) as [StreamAnswer];
    assert.equal(second.infer_response.id, 'second');
    gate.open();
    stream.end();
    const [first] = await answersOf(stream);
    assert.equal(first?.infer_response.id, 'first');
  });

  it('says what is wrong with one request in a message, and goes on', async (t) => {
    const { client } = await start(t);
    const stream = client.stream('ModelStreamInfer');
    stream.write(affineRequest(row, { id: 'wrong', model_name: 'none' }));
    const [wrong] = (await once(stream, 'data')) as [StreamAnswer];
    assert.match(wrong.error_message, /^Request for unknown model: 'none' is not found/);
    assert.deepEqual([wrong.infer_response.id, wrong.infer_response.model_name], ['wrong', 'none']);
    stream.write(affineRequest(row));
    stream.end();
    const [right] = await answersOf(stream);
    assert.equal(right?.error_message, '');
  });

  it('ends with the status of an error where the client asks for that', async (t) => {
    const { client } = await start(t);
    const stream = client.stream('ModelStreamInfer', { metadata: { triton_grpc_error: 'true' } });
    stream.write(affineRequest(row, { model_name: 'none' }));
    stream.resume();
    const [error] = (await once(stream, 'error')) as [ServiceError];
    assert.equal(error.code, status.NOT_FOUND);
    assert.equal(detailsOf(error).reason, 'MODEL_NOT_FOUND');
  });

  it('marks answers as final where the client asks for that', async (t) => {
    const { client } = await start(t);
    const stream = client.stream('ModelStreamInfer');
    stream.write(affineRequest(row, { parameters: { triton_enable_empty_final_response: { bool_param: true } } }));
    stream.end();
    const [answer] = await answersOf(stream);
    const parameters = answer?.infer_response.parameters as Record<string, { bool_param: boolean }> | undefined;
    assert.equal(parameters?.['triton_final_response']?.bool_param, true);
  });

  it('gives up what is under way when the client leaves', async (t) => {
    const { client, hold, events } = await start(t);
    hold();
    const stream = client.stream('ModelStreamInfer');
    stream.on('error', () => undefined);
    for (const id of ['a', 'b']) stream.write(affineRequest(row, { id }));
    await events.until('jobQueued', () => true, 2);
    stream.cancel();
    const settled = await events.until('jobSettled', () => true, 2);
    assert.deepEqual(
      settled.map(({ outcome }) => outcome),
      ['CLIENT_CLOSED_REQUEST', 'CLIENT_CLOSED_REQUEST'],
    );
    const [call] = await events.until('callSettled');
    assert.deepEqual([call?.method, call?.status], ['ModelStreamInfer', 'CANCELLED']);
  });
});

describe('a gRPC server that stops', () => {
  it('is not ready at once, finishes what it has accepted, and ends streams in which nothing is under way', async (t) => {
    const { client, millrace, hold, events, address, connect } = await start(t);
    const gate = hold();
    const [idle, busy] = [client.stream('ModelStreamInfer'), client.stream('ModelStreamInfer')];
    busy.write(affineRequest(row, { id: 'streamed' }));
    idle.write(affineRequest(row, { model_name: 'other' }));
    await once(idle, 'data');
    const accepted = inferAffine(client, row);
    await events.until('jobQueued', ({ model }) => model === 'affine', 2);
    const idleEnded = once(idle, 'error') as Promise<[ServiceError]>;
    const busyEnded = once(busy, 'error') as Promise<[ServiceError]>;
    const streamed = once(busy, 'data') as Promise<[StreamAnswer]>;
    const closing = millrace.close();
    const [[ended]] = await Promise.all([idleEnded, events.until('serverStopping')]);
    assert.equal(ended.code, status.UNAVAILABLE);
    gate.open();
    assert.deepEqual(await accepted, [3, 5, 7, 9]);
    assert.equal((await streamed)[0].infer_response.id, 'streamed');
    assert.equal(detailsOf((await busyEnded)[0]).reason, 'SHUTTING_DOWN');
    await closing;
    await assert.rejects(connect().call('ServerLive', {}), { code: status.UNAVAILABLE });
    assert.match(address, /:\d+$/);
  });

  it('answers in the time of grace, NOT_SERVING', async (t) => {
    const { client, millrace, events } = await start(t, { shutdown: { grace_ms: 500 } });
    await client.call('ServerLive', {});
    const closing = millrace.close();
    await events.until('serverStopping');
    const NOT_SERVING = 2;
    assert.equal((await client.call('/grpc.health.v1.Health/Check', { service: '' }))['status'], NOT_SERVING);
    assert.equal((await client.call('ServerReady', {}))['ready'], false);
    assert.deepEqual(await inferAffine(client, row), [3, 5, 7, 9]);
    await closing;
  });

  it('does not wait for connections that never spoke', async (t) => {
    const { address, millrace } = await start(t);
    const { connect } = await import('node:net');
    const [host, port] = address.split(':');
    const silent = connect(Number(port), host);
    await once(silent, 'data');
    await Promise.all([once(silent, 'close'), millrace.close()]);
  });
});
