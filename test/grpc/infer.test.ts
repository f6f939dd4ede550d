import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { affineRequest, detailsOf, type InferAnswer, inferAffine, startGrpc } from '../support/grpc-client.js';
import { holdInstances } from '../support/instance-gate.js';

const models = { 'affine.onnx': affine() };

const refused = (error: ServiceError, code: status, reason: string, details: RegExp) => {
  assert.deepEqual([error.code, detailsOf(error).reason], [code, reason], error.details);
  assert.match(error.details, details);
  return true;
};

describe('ModelInfer', () => {
  it('answers with the id and the names of the request, and the version that ran', async (t) => {
    const { client } = await startGrpc(t, models);
    const answer = await client.call<InferAnswer>('ModelInfer', affineRequest([1, 2, 3, 4], { id: 'mine' }));
    assert.deepEqual([answer.id, answer.model_name, answer.model_version], ['mine', 'affine', '1']);
    const outputs = [{ name: 'y', parameters: { classification: { int64_param: 2 } } }];
    const classes = await client.call<InferAnswer>('ModelInfer', affineRequest([1, 9, 3, 4], { outputs }));
    assert.equal(String(classes.raw_output_contents[0]), '\x04\0\0\x0019:1\x03\0\0\x009:3');
  });

  it('refuses what does not fit, with Triton’s words', async (t) => {
    const { client } = await startGrpc(t, models);
    const wrong: [object, status, string, RegExp][] = [
      [{ model_name: 'none' }, status.NOT_FOUND, 'MODEL_NOT_FOUND', /^Request for unknown model: 'none' is not found/],
      [
        { model_version: '7' },
        status.NOT_FOUND,
        'VERSION_NOT_FOUND',
        /^Request for unknown model: 'affine' version 7 is not found$/,
      ],
      [
        { inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 2] }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /^unexpected shape for input 'x' for model 'affine'\. Expected \[-1,4\], got \[2,2\]/,
      ],
      [
        { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 5] }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /^unexpected size for input 'x', expecting 20 bytes but got 16 bytes for model 'affine'/,
      ],
      [{ inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }] }, status.INVALID_ARGUMENT, 'INVALID_INPUT', /-1/],
      [
        { inputs: [{ name: 'x', datatype: 'INT32', shape: [1, 4] }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /^inference input 'x' data-type is 'INT32', but model 'affine' expects 'FP32'$/,
      ],
      [
        { inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1, 4] }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /data-type is 'FLOAT', which is none of BOOL, /,
      ],
      [
        { outputs: [{ name: 'z' }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /^unexpected inference output 'z' for model 'affine'$/,
      ],
      [
        { outputs: [{ name: 'y', parameters: { classification: { string_param: 'x' } } }] },
        status.INVALID_ARGUMENT,
        'INVALID_REQUEST',
        /'classification' of output 'y'/,
      ],
      [
        { outputs: [{ name: 'y', parameters: { shared_memory_region: { string_param: 'x' } } }] },
        status.INVALID_ARGUMENT,
        'INVALID_INPUT',
        /^Unable to find shared memory region: 'x'/,
      ],
      [
        { parameters: { triton_x: { bool_param: true } } },
        status.INVALID_ARGUMENT,
        'INVALID_REQUEST',
        /^parameter keys starting with 'triton_' are reserved/,
      ],
    ];
    for (const [more, code, reason, details] of wrong) {
      const request = affineRequest([1, 2, 3, 4], more);
      await assert.rejects(client.call('ModelInfer', request), (error: ServiceError) =>
        refused(error, code, reason, details),
      );
    }
    assert.deepEqual(await inferAffine(client, [1, 2, 3, 4]), [3, 5, 7, 9]);
  });

  /** A server whose model runs nothing until the test says so. */
  async function startHeld(t: TestContext, limits: object = {}) {
    const server = await startGrpc(t, models, { limits });
    return { ...server, events: new EventWatch(server.millrace), gate: holdInstances(server.millrace, 'affine') };
  }

  it('gives a job up at the deadline of the call', async (t) => {
    const { client, events, gate } = await startHeld(t);
    await assert.rejects(client.call('ModelInfer', affineRequest([1, 2, 3, 4]), { deadlineMs: 50 }), {
      code: status.DEADLINE_EXCEEDED,
    });
    const [job] = await events.until('jobSettled');
    // Or it is the client that leaves, when its own clock is the first to say so.
    assert.ok(['DEADLINE_EXCEEDED', 'CLIENT_CLOSED_REQUEST'].includes(job?.outcome ?? ''), job?.outcome);
    const [call] = await events.until('callSettled');
    assert.equal(call?.code, job?.outcome);
    gate.open();
    assert.equal(events.all('batchExecuted').length, 0);
  });

  it('gives a job up when the request’s own time is over', async (t) => {
    const { client } = await startHeld(t);
    const request = affineRequest([1, 2, 3, 4], { parameters: { timeout: { int64_param: 1_000 } } });
    await assert.rejects(client.call('ModelInfer', request), (error: ServiceError) => {
      return refused(error, status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', /^Request timeout expired/);
    });
  });

  it('gives a job up when its client cancels', async (t) => {
    const { client, events } = await startHeld(t);
    const cancel = new AbortController();
    const call = client.call('ModelInfer', affineRequest([1, 2, 3, 4]), { signal: cancel.signal });
    await events.until('jobQueued');
    cancel.abort();
    await assert.rejects(call, { code: status.CANCELLED });
    const [job] = await events.until('jobSettled');
    assert.equal(job?.outcome, 'CLIENT_CLOSED_REQUEST');
    const [settled] = await events.until('callSettled');
    assert.deepEqual([settled?.status, settled?.code], ['CANCELLED', 'CLIENT_CLOSED_REQUEST']);
  });

  it('says when to come again where the queue is full', async (t) => {
    const { client, events, gate } = await startHeld(t, { queue_rows: 1 });
    const first = inferAffine(client, [1, 2, 3, 4]);
    await events.until('jobQueued');
    await assert.rejects(inferAffine(client, [1, 2, 3, 4]), (error: ServiceError) => {
      assert.ok((detailsOf(error).retryMs ?? 0) > 0);
      return refused(error, status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', /^Exceeds maximum queue size/);
    });
    gate.open();
    assert.deepEqual(await first, [3, 5, 7, 9]);
  });
});
