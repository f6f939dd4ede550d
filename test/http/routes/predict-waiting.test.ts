import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { EventWatch } from '../../support/event-watch.js';
import { affine } from '../../support/fixture-models.js';
import { holdInstances } from '../../support/instance-gate.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer({
    'batched.onnx': affine(),
    'single/model.onnx': affine(),
    'single/model.yaml': 'batching: { max_batch_size: 1 }',
    'small/model.onnx': affine(),
    'small/model.yaml': 'limits: { queue_rows: 3 }',
    'hasty/model.onnx': affine(),
    'hasty/model.yaml': 'limits: { timeout_ms: 5 }',
  });
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const input = [1, 2, 3, 4];

/** Keeps the model's only instance busy until `open`, or the end of the test. */
function hold(t: TestContext, model: string): { open(): void } {
  const { open } = holdInstances(server.millrace, model);
  let isOpen = false;
  const gate = {
    open: () => {
      if (!isOpen) open();
      isOpen = true;
    },
  };
  t.after(gate.open);
  return gate;
}

/** Sends a request now, and waits until its job is in the queue. */
async function queue(id: string, body: object, headers?: Record<string, string>) {
  const answer = server.post('/predict', { id, input, ...body }, headers).then((response) => response);
  await events.until('jobQueued', ({ jobId }) => jobId === id);
  return { answer };
}

describe('requests that arrive together', () => {
  it('run as one batch', async (t) => {
    const gate = hold(t, 'batched');
    const sent = await Promise.all(
      [0, 1, 2, 3, 4].map((row) => queue(`row-${row}`, { model: 'batched', input: [row, 0, 0, 0] })),
    );
    gate.open();
    const answers = await Promise.all(sent.map(({ answer }) => answer));
    for (const [row, { body }] of answers.entries()) {
      assert.deepEqual([body.output, body.batch_size], [{ y: [2 * row + 1, 1, 1, 1] }, 5]);
    }
    assert.deepEqual(
      events.all('batchFormed', ({ model }) => model === 'batched').map(({ rows, jobs }) => [rows, jobs]),
      [[5, 5]],
    );
  });

  it('run by priority, 1 first, where they don’t fit one batch', async (t) => {
    const gate = hold(t, 'single');
    // Two jobs of a model that runs one at a time are on their way already; order is made behind them.
    const sent = [await queue('first', { model: 'single' }), await queue('second', { model: 'single' })];
    for (const [id, priority] of Object.entries({ lowest: 10, default: 0, five: 5, highest: 1 })) {
      sent.push(await queue(id, { model: 'single', parameters: { priority } }));
    }
    gate.open();
    await Promise.all(sent.map(({ answer }) => answer));
    const order = events.all('jobSettled', ({ model }) => model === 'single').map(({ jobId }) => jobId);
    assert.deepEqual(order, ['first', 'second', 'highest', 'default', 'five', 'lowest']);
  });
});

describe('a full queue', () => {
  it('refuses what does not fit as a whole, says when to come again, and serves what it took', async (t) => {
    const gate = hold(t, 'small');
    const sent = [await queue('fits', { model: 'small' }), await queue('fits too', { model: 'small' })];
    const refused = await server.post('/predict', { model: 'small', inputs: [input, input] }).expect(429);
    assert.deepEqual([refused.body.code, refused.body.retryable], ['QUEUE_FULL', true]);
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.equal(events.all('jobRejected', ({ model }) => model === 'small').length, 2);
    sent.push(await queue('the last', { model: 'small' }));
    await server.post('/predict', { model: 'small', input }).expect(429);
    gate.open();
    for (const { answer } of sent) assert.equal((await answer).status, 200);
    await server.post('/predict', { model: 'small', inputs: [input, input, input] }).expect(200);
  });
});

describe('a deadline', () => {
  const deadlines: [from: string, body: object, headers: Record<string, string>, ms: number][] = [
    ['parameters.timeout_ms', { model: 'batched', parameters: { timeout_ms: 6 } }, {}, 6],
    ['X-Request-Timeout-Ms', { model: 'batched' }, { 'X-Request-Timeout-Ms': '7' }, 7],
    ['the model', { model: 'hasty' }, {}, 5],
    [
      'parameters.timeout_ms before the header',
      { model: 'batched', parameters: { timeout_ms: 8 } },
      { 'X-Request-Timeout-Ms': '60000' },
      8,
    ],
  ];
  for (const [from, body, headers, ms] of deadlines) {
    it(`from ${from} ends a job that waits, and it is not executed`, async (t) => {
      const { model } = body as { model: string };
      const gate = hold(t, model);
      const { body: problem } = await server.post('/predict', { input, ...body }, headers).expect(504);
      assert.deepEqual([problem.code, problem.expected], ['DEADLINE_EXCEEDED', `an answer within ${ms} ms`]);
      assert.equal(problem.retryable, true);

      const next = await queue(`after ${from}`, { model, parameters: { timeout_ms: 60_000 } });
      gate.open();
      assert.equal((await next.answer).body.batch_size, 1);
    });
  }

  it('for the wait alone ends a job that has not begun to run', async (t) => {
    hold(t, 'batched');
    const { body } = await server
      .post('/predict', { model: 'batched', input }, { 'X-Request-Queue-Timeout-Ms': '6' })
      .expect(504);
    assert.deepEqual([body.code, body.expected], ['DEADLINE_EXCEEDED', 'a wait of at most 6 ms']);
  });

  it('in a header is a whole number of milliseconds', async () => {
    for (const name of ['X-Request-Timeout-Ms', 'X-Request-Queue-Timeout-Ms', 'X-Request-Execution-Timeout-Ms']) {
      for (const value of ['0', '-1', '1.5', '1e3', 'soon', '123456789']) {
        const { body } = await server.post('/predict', { model: 'batched', input }, { [name]: value }).expect(400);
        assert.deepEqual([body.code, body.path], ['INVALID_REQUEST', `headers.${name.toLowerCase()}`]);
      }
    }
  });

  it('in the header is looked at also where the body has another, which counts', async () => {
    const sent = { model: 'batched', input, parameters: { timeout_ms: 1000 } };
    const { body } = await server.post('/predict', sent, { 'X-Request-Timeout-Ms': 'soon' }).expect(400);
    assert.deepEqual([body.code, body.path], ['INVALID_REQUEST', 'headers.x-request-timeout-ms']);
  });

  it('in the query counts for JSON too', async (t) => {
    hold(t, 'batched');
    const { body } = await server.post('/predict?timeout_ms=9&id=in-query', { model: 'batched', input }).expect(504);
    assert.deepEqual([body.code, body.expected], ['DEADLINE_EXCEEDED', 'an answer within 9 ms']);
    assert.equal((await server.get('/jobs/in-query').expect(200)).body.state, 'failed');
  });
});

describe('a client that leaves', () => {
  it('takes its job with it: it is cancelled, not executed, and its place is free', async (t) => {
    const gate = hold(t, 'batched');
    const leaving = server.post('/predict', { id: 'leaving', model: 'batched', input });
    const left = assert.rejects(leaving, /abort/i);
    await events.until('jobQueued', ({ jobId }) => jobId === 'leaving');
    leaving.abort();
    await left;
    const [settled] = await events.until('jobSettled', ({ jobId }) => jobId === 'leaving');
    assert.equal(settled?.outcome, 'CLIENT_CLOSED_REQUEST');
    assert.equal((await server.get('/jobs/leaving')).body.state, 'cancelled');

    const next = await queue('stays', { model: 'batched' });
    gate.open();
    assert.equal((await next.answer).body.batch_size, 1);
  });

  it('is told of as 499', async (t) => {
    hold(t, 'batched');
    const leaving = server.post('/predict', { id: 'gone', model: 'batched', input }, { 'X-Request-Id': 'gone' });
    const left = assert.rejects(leaving);
    await events.until('jobQueued', ({ jobId }) => jobId === 'gone');
    leaving.abort();
    await left;
    const [settled] = await events.until('requestSettled', ({ requestId }) => requestId === 'gone');
    assert.deepEqual([settled?.status, settled?.code, settled?.route], [499, 'CLIENT_CLOSED_REQUEST', '/predict']);
  });
});
