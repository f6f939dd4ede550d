import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Response } from 'supertest';
import { EventWatch } from '../../support/event-watch.js';
import { affine } from '../../support/fixture-models.js';
import { holdInstances, type InstanceGate } from '../../support/instance-gate.js';
import { metricValue } from '../../support/metrics-text.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

let server: TestServer;
let events: EventWatch;
let gate: InstanceGate;

// A model that runs one job at a time and lets two leave the queue; its instance is held, so nothing runs by itself.
beforeEach(async () => {
  server = await startTestServer({
    'model/1/model.onnx': affine(),
    'model/model.yaml': 'batching: { max_batch_size: 1 }',
  });
  events = new EventWatch(server.millrace);
  gate = holdInstances(server.millrace, 'model');
});
afterEach(() => server.stop());

const input = [1, 2, 3, 4];

/** Sends a request, and waits until all its jobs are queued. */
async function send(id: string, items: object = { input }): Promise<{ answer: Promise<Response> }> {
  const answer = server.post('/predict', { model: 'model', id, ...items }).then((response) => response);
  const count = 'inputs' in items ? (items.inputs as unknown[]).length : 1;
  await events.until('jobQueued', ({ jobId }) => jobId === id || jobId.startsWith(`${id}.`), count);
  return { answer };
}

const stateOf = async (id: string): Promise<string> => (await server.get(`/jobs/${id}`).expect(200)).body.state;

describe('GET /jobs/{id}', () => {
  it('shows where a job stands, without its input or output', async () => {
    const jobs = [await send('a'), await send('b'), await send('c')];
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(stateOf)), ['running', 'running', 'queued']);
    const { body: queued } = await server.get('/jobs/c');
    assert.deepEqual(Object.keys(queued), ['id', 'model', 'version', 'state', 'created_at']);
    gate.open();
    await Promise.all(jobs.map(({ answer }) => answer));
    const { body: done } = await server.get('/jobs/c');
    const keys = ['id', 'model', 'version', 'state', 'timings_ms', 'created_at', 'finished_at'];
    assert.deepEqual(Object.keys(done), keys);
    assert.deepEqual([done.id, done.model, done.version, done.state], ['c', 'model', '1', 'succeeded']);
    assert.ok(new Date(done.finished_at) >= new Date(done.created_at));
  });

  it('shows the items of a list, each with its own state', async () => {
    const { answer } = await send('list', { inputs: [input, [1], input, input] });
    const { body } = await server.get('/jobs/list').expect(200);
    assert.equal(body.id, 'list');
    const items = body.items as { id: string; state: string; error?: { code: string; path: string } }[];
    assert.deepEqual(
      items.map(({ id, state }) => [id, state]),
      [
        ['list.0', 'running'],
        ['list.1', 'failed'],
        ['list.2', 'running'],
        ['list.3', 'queued'],
      ],
    );
    assert.deepEqual([items[1]?.error?.code, items[1]?.error?.path], ['INVALID_INPUT', 'inputs[1]']);
    assert.equal(await stateOf('list.3'), 'queued');
    gate.open();
    await answer;
    assert.equal(await stateOf('list.3'), 'succeeded');
  });

  it('finds ids that have to be encoded', async () => {
    const { answer } = await send('a b/ü?');
    assert.equal(await stateOf(encodeURIComponent('a b/ü?')), 'running');
    gate.open();
    await answer;
  });

  it('does not know a job that never was', async () => {
    for (const id of ['nothing', '__proto__', 'constructor', 'x'.repeat(1_000)]) {
      const { body } = await server.get(`/jobs/${id}`).expect(404);
      assert.deepEqual([body.code, body.path, body.got], ['JOB_NOT_FOUND', 'id', id.slice(0, 128)]);
    }
  });
});

describe('ids of jobs', () => {
  it('are taken while the job is in flight, and free again afterwards', async () => {
    const first = await send('same');
    const { body } = await server.post('/predict', { model: 'model', id: 'same', input }).expect(409);
    assert.deepEqual([body.code, body.path, body.got], ['JOB_ID_IN_USE', 'id', 'same']);
    const rejected = await events.until('jobRejected');
    assert.deepEqual(rejected, [{ model: 'model', version: '1', jobId: 'same', rows: 1, code: 'JOB_ID_IN_USE' }]);
    const labels = { model: 'model', reason: 'JOB_ID_IN_USE' };
    assert.equal(metricValue((await server.get('/metrics')).text, 'millrace_rejections_total', labels), 1);
    gate.open();
    assert.equal((await first.answer).status, 200);
    await server.post('/predict', { model: 'model', id: 'same', input }).expect(200);
  });

  it('cannot be taken by a list, nor from one', async () => {
    const jobs = [await send('one'), await send('list', { inputs: [input, input] })];
    for (const [id, items] of [
      ['one', { inputs: [input] }],
      ['list', { input }],
      ['list.1', { input }],
    ] as const) {
      await server.post('/predict', { model: 'model', id, ...items }).expect(409);
    }
    await send('two.0').then((job) => jobs.push(job));
    await server.post('/predict', { model: 'model', id: 'two', inputs: [input] }).expect(409);
    gate.open();
    for (const { answer } of jobs) assert.equal((await answer).status, 200);
  });

  it('mean the latest job that has them, also when a list had them before', async () => {
    gate.open();
    await server.post('/predict', { model: 'model', id: 'again', inputs: [input] }).expect(200);
    gate = holdInstances(server.millrace, 'model');
    const { answer } = await send('again');
    assert.equal(await stateOf('again'), 'running');
    await server.delete('/jobs/again').expect(200);
    assert.equal((await answer).status, 409);
  });
});

describe('DELETE /jobs/{id}', () => {
  it('cancels a job that is queued: it is never executed, and its waiter is told', async () => {
    const [first, second, third] = [await send('a'), await send('b'), await send('c')];
    assert.equal(await stateOf('c'), 'queued');
    const { body } = await server.delete('/jobs/c').expect(200);
    assert.deepEqual(body, { id: 'c', state: 'cancelled' });
    const { status, body: problem } = await third.answer;
    assert.deepEqual([status, problem.code], [409, 'CANCELLED']);
    assert.equal(await stateOf('c'), 'cancelled');
    gate.open();
    for (const { answer } of [first, second]) assert.equal((await answer).status, 200);
    assert.equal(events.all('batchFormed').length, 2);
  });

  it('cancels a job that waits for its batch', async () => {
    const { answer } = await send('a');
    assert.equal(await stateOf('a'), 'running');
    await server.delete('/jobs/a').expect(200);
    assert.equal((await answer).body.code, 'CANCELLED');
    gate.open();
    await server.post('/predict', { model: 'model', input }).expect(200);
    assert.equal(events.all('batchFormed').length, 1);
  });

  it('cancels all that is left of a list', async () => {
    const { answer } = await send('list', { inputs: [input, [1], input] });
    await server.delete('/jobs/list').expect(200);
    const { status, body } = await answer;
    const codes = (body.outputs as { error: { code: string } }[]).map(({ error }) => error.code);
    assert.deepEqual([status, codes], [200, ['CANCELLED', 'INVALID_INPUT', 'CANCELLED']]);
    gate.open();
  });

  it('cancels one item of a list and leaves the others', async () => {
    const { answer } = await send('list', { inputs: [input, input] });
    await server.delete('/jobs/list.0').expect(200);
    gate.open();
    const [first, second] = (await answer).body.outputs;
    assert.equal(first.error.code, 'CANCELLED');
    assert.deepEqual(second.output, { y: [3, 5, 7, 9] });
  });

  it('refuses when there is nothing to cancel', async () => {
    gate.open();
    await server.post('/predict', { model: 'model', id: 'done', input }).expect(200);
    assert.equal((await server.delete('/jobs/done').expect(409)).body.code, 'JOB_FINISHED');
    assert.equal((await server.delete('/jobs/nothing').expect(404)).body.code, 'JOB_NOT_FOUND');
  });
});
