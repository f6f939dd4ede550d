import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { postJson } from '../support/http-client.js';
import { type SlowServer, spawnSlowServer } from '../support/slow-server.js';

const QUEUE_ROWS = 4;

let server: SlowServer;

before(async () => {
  server = await spawnSlowServer({}, `limits: { queue_rows: ${QUEUE_ROWS} }`);
});
after(() => server.stop());

const item = { model: 'slow', input: [1, 2, 3, 4] };
const send = (body: object = {}, signal?: AbortSignal) =>
  postJson(`${server.url}/predict`, { ...item, ...body }, signal === undefined ? {} : { signal });
const jobState = async (id: string): Promise<string> => {
  return ((await (await fetch(`${server.url}/jobs/${id}`)).json()) as { state: string }).state;
};

describe('a full queue', () => {
  it('refuses with 429 and a pause, and what was accepted finishes', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => send()));
    const accepted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    assert.equal(accepted.length + refused.length, answers.length);
    assert.ok(accepted.length >= QUEUE_ROWS && refused.length > 0);
    for (const { body } of accepted) assert.deepEqual(body['output'], { y: [3, 5, 7, 9] });
    for (const { body, headers } of refused) {
      assert.deepEqual([body['code'], body['retryable']], ['QUEUE_FULL', true]);
      const pause = Number(headers['retry-after']);
      assert.ok(Number.isInteger(pause) && pause >= 1 && pause <= 60, headers['retry-after']);
    }
    assert.equal(await server.metric('millrace_rejections_total', { reason: 'QUEUE_FULL' }), refused.length);
    assert.equal(await server.metric('millrace_jobs_total', { outcome: 'succeeded' }), accepted.length);
    assert.equal(await server.metric('millrace_accepted_rows'), 0);
    assert.equal((await send()).status, 200);
  });
});

describe('a job that waits', () => {
  /** Sends jobs that fill all places but one of the queue. */
  const occupy = async () => {
    const busy = Array.from({ length: QUEUE_ROWS - 1 }, () => send());
    await server.untilMetric('millrace_accepted_rows', QUEUE_ROWS - 1);
    return busy;
  };

  it('ends with its client, and is never executed', async () => {
    const executedBefore = await server.metric('millrace_batches_total');
    const busy = await occupy();
    const client = new AbortController();
    const leaving = assert.rejects(send({ id: 'leaving' }, client.signal), { name: 'AbortError' });
    await server.untilMetric('millrace_accepted_rows', QUEUE_ROWS);
    client.abort();
    await leaving;
    await server.untilMetric('millrace_jobs_total', 1, { outcome: 'CLIENT_CLOSED_REQUEST' });
    assert.equal(await jobState('leaving'), 'cancelled');
    for (const answer of busy) assert.equal((await answer).status, 200);
    assert.equal(await server.metric('millrace_batches_total'), executedBefore + busy.length);
  });

  it('ends at its deadline, or before where that is plain to see, and is never executed', async () => {
    const executedBefore = await server.metric('millrace_batches_total');
    const busy = await occupy();
    const { status, body } = await send({ id: 'hasty', parameters: { timeout_ms: 1 } });
    // How long the queue takes is known after a while: who cannot be served in time is refused at once.
    const outcome = `${status} ${String(body['code'])}`;
    assert.ok(['504 DEADLINE_EXCEEDED', '429 QUEUE_FULL'].includes(outcome), outcome);
    for (const answer of busy) assert.equal((await answer).status, 200);
    assert.equal(await server.metric('millrace_batches_total'), executedBefore + busy.length);
  });
});
