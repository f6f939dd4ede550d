import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Response } from 'supertest';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { holdInstances } from '../support/instance-gate.js';
import { heavy } from '../support/load-models.js';
import { metricValue } from '../support/metrics-text.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer({
    'model/1/model.onnx': heavy(1024),
    'model/model.yaml': 'batching: { max_batch_size: 4 }',
    'other/model.onnx': heavy(1024),
    'good.onnx': affine(),
  });
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const send = (model: string, row: number): Promise<Response> => {
  return server.post('/predict', { model, input: [row, 0, 0, 0] }).then((response) => response);
};

describe('an instance that dies under load', () => {
  it('costs nobody an answer: its batch runs again on the one that takes its place', async () => {
    const gate = holdInstances(server.millrace, 'model');
    const answers = Array.from({ length: 12 }, (_, row) => send('model', row));
    await events.until('jobQueued', () => true, 12);
    gate.open();
    const [doomed] = await events.until('batchFormed');
    assert.ok(doomed !== undefined && doomed.rows > 1, 'a batch of one hands its memory over');
    for (const instance of gate.instances) instance.destroy('a test ended it');

    for (const [row, answer] of answers.entries()) {
      const { status, body } = await answer;
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.output, { y: [2 * row + 1, 1, 1, 1] });
    }
    const crashes = events.all('instanceCrashed').map(({ model, reason }) => [model, reason]);
    assert.deepEqual(crashes, [['model', 'a test ended it']]);
    assert.equal(events.all('batchExecuted', ({ outcome }) => outcome === 'INSTANCE_CRASHED').length, 1);
    const [retried, ...others] = events.all('executionRetried');
    assert.deepEqual([retried?.batchId, retried?.code, others], [doomed.batchId, 'INSTANCE_CRASHED', []]);
  });

  it('fails a request that it ran alone, which may be sent again', async () => {
    const gate = holdInstances(server.millrace, 'other');
    const answer = send('other', 1);
    await events.until('jobQueued', ({ model }) => model === 'other');
    const [instance] = gate.instances;
    const formed = events.until('batchFormed', ({ model }) => model === 'other');
    gate.open();
    await formed;
    instance?.destroy('a test ended it');
    const { status, body, headers } = await answer;
    assert.deepEqual([status, body.code, body.retryable], [503, 'INSTANCE_CRASHED', true]);
    assert.equal(headers['retry-after'], '1');
    assert.doesNotMatch(body.detail, /a test ended it/);
    assert.equal((await send('other', 1)).status, 200);
  });

  it('is counted, and leaves the model READY and the others alone', async () => {
    assert.equal((await send('model', 1)).status, 200);
    assert.equal((await send('good', 1)).status, 200);
    const { body } = await server.get('/models/model');
    assert.equal(body.state, 'READY');
    assert.deepEqual(body.versions[0].instances, { count: 1, live: 1, restarts: 1, isolation: 'thread' });
    const { text } = await server.get('/metrics');
    assert.equal(metricValue(text, 'millrace_instance_crashes_total', { model: 'model' }), 1);
    assert.equal(metricValue(text, 'millrace_instance_restarts_total', { model: 'model' }), 1);
    assert.equal(metricValue(text, 'millrace_instance_restarts_total', { model: 'good' }), 0);
  });
});
