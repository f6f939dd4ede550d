import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer, MillraceError, type ServerConfigInput } from '#src/server.js';
import { EventWatch } from './support/event-watch.js';
import { affine } from './support/fixture-models.js';
import { holdInstances } from './support/instance-gate.js';
import { metricValue } from './support/metrics-text.js';
import { RawConnection } from './support/raw-connection.js';
import { startTestServer } from './support/test-server.js';

const item = { model: 'affine', input: [1, 2, 3, 4] };

async function start(t: TestContext, config?: ServerConfigInput) {
  const server = await startTestServer({ 'affine.onnx': affine() }, config);
  t.after(() => server.stop());
  return { ...server, events: new EventWatch(server.millrace) };
}

/** Sends a prediction, which waits, and waits until its job is queued. */
async function sendWaiting({ post, events }: Awaited<ReturnType<typeof start>>, id: string) {
  const answer = post('/predict', { ...item, id }).then((response) => response);
  await events.until('jobQueued', ({ jobId }) => jobId === id);
  return { answer };
}

describe('createServer', () => {
  it('says everything that is wrong with its configuration', async () => {
    const wrong = { port: 70_000, hst: 'x', limits: { max_rows: 0 } } as ServerConfigInput;
    await assert.rejects(createServer(wrong), (error: Error) => {
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'INVALID_REQUEST');
      assert.match(error.message, /^port: /m);
      assert.match(error.message, /^limits\.max_rows: /m);
      assert.match(error.message, /^hst: unknown key \(did you mean host\?\)/m);
      return true;
    });
  });

  it('says that the model folder is not there', async () => {
    await assert.rejects(createServer({ models: './no-such-folder' }), {
      code: 'INVALID_REQUEST',
      message: /no-such-folder/,
    });
  });

  it('gives headers no more time than the whole request, which Node would not start with', async (t) => {
    const { server, get } = await start(t, { limits: { headers_timeout_ms: 90_000, request_timeout_ms: 30_000 } });
    assert.deepEqual([server.headersTimeout, server.requestTimeout], [30_000, 30_000]);
    await get('/healthz/live').expect(200);
  });

  it('has its URL once it listens', async (t) => {
    const { millrace, folder } = await start(t);
    assert.match(millrace.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const idle = await createServer({ models: folder.dir, log: { level: 'silent' } });
    t.after(() => idle.destroy());
    await idle.loaded;
    assert.throws(() => idle.url, /does not listen yet/);
  });

  it('does not listen twice on one port', async (t) => {
    const { millrace, folder } = await start(t);
    const port = Number(new URL(millrace.url).port);
    const second = await createServer({ models: folder.dir, port, log: { level: 'silent' } });
    t.after(() => second.destroy());
    await second.loaded;
    await assert.rejects(second.listen(), { code: 'EADDRINUSE' });
  });
});

describe('observers', () => {
  it('are told what happens until they are taken away', async (t) => {
    const { millrace, post, events } = await start(t);
    const seen: string[] = [];
    const stop = millrace.observe({ name: 'mine', on: { jobSettled: ({ jobId }) => seen.push(jobId) } });
    await post('/predict', { ...item, id: 'one' }).expect(200);
    await events.until('jobSettled', ({ jobId }) => jobId === 'one');
    stop();
    await post('/predict', { ...item, id: 'two' }).expect(200);
    await events.until('jobSettled', ({ jobId }) => jobId === 'two');
    assert.deepEqual(seen, ['one']);
  });

  it('cannot hurt a request by throwing, now or later', async (t) => {
    const { millrace, post, get, events } = await start(t);
    const throwing = () => {
      throw new Error('broken');
    };
    millrace.observe({ name: 'throws', on: { jobQueued: throwing } });
    millrace.observe({ name: 'rejects', on: { jobQueued: () => Promise.reject(new Error('broken')) } });
    await post('/predict', item).expect(200);
    await events.until('observerFailed', () => true, 2);
    const { text } = await get('/metrics');
    for (const observer of ['throws', 'rejects']) {
      assert.equal(metricValue(text, 'millrace_observer_failures_total', { observer }), 1);
    }
  });
});

describe('an observer that takes its time', () => {
  /** Events that were dropped after an observer had held up the event loop for 0.2 s over a request. */
  async function droppedBy(t: TestContext, share: { maxLoopShare?: number }) {
    const { millrace, get } = await start(t);
    let calls = 0;
    const hold = () => {
      calls += 1;
      const end = performance.now() + 200;
      while (performance.now() < end);
    };
    millrace.observe({ name: 'slow', on: { requestReceived: hold }, ...share });
    for (let request = 0; request < 3; request += 1) await get('/healthz/live').expect(200);
    const { text } = await get('/metrics');
    return { calls, dropped: metricValue(text, 'millrace_events_dropped_total') ?? 0 };
  }

  it('is paused until it has had a tenth of the time at most, and what it misses is counted', async (t) => {
    const { calls, dropped } = await droppedBy(t, {});
    assert.ok(dropped > 0, `${calls} calls`);
    assert.equal(calls + dropped, 4);
  });

  it('is not paused where it says that it may take all the time', async (t) => {
    assert.deepEqual(await droppedBy(t, { maxLoopShare: 1 }), { calls: 4, dropped: 0 });
  });
});

describe('close', () => {
  it('finishes what was accepted, then is done; once, however often it is called', async (t) => {
    const server = await start(t);
    const { millrace, events } = server;
    const gate = holdInstances(millrace, 'affine');
    const { answer } = await sendWaiting(server, 'accepted');
    const closing = millrace.close('the test');
    assert.equal(millrace.close(), closing);
    await events.until('serverStopping', ({ reason }) => reason === 'the test');
    gate.open();
    const { status, headers, body } = await answer;
    assert.deepEqual([status, headers['connection'], body.output], [200, 'close', { y: [3, 5, 7, 9] }]);
    await closing;
    assert.equal(server.server.listening, false);
    assert.deepEqual(events.all('serverStopped').length, 1);
    await millrace.close();
  });

  it('answers what arrives while it stops listening', async (t) => {
    const server = await start(t);
    const { millrace, events } = server;
    const client = await RawConnection.to(server.server);
    const body = JSON.stringify(item);
    const head = ['POST /predict HTTP/1.1', 'Host: test', 'Content-Type: application/json', 'X-Request-Id: late'];
    client.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`);
    await events.until('requestReceived', ({ requestId }) => requestId === 'late');
    const closing = millrace.close();
    while (server.server.listening) await nextTurn();
    client.write(body);
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.headers['connection']], [200, 'close']);
    await closing;
  });

  it('gives work up that is not done in time', async (t) => {
    const server = await start(t, { shutdown: { grace_ms: 0, timeout_ms: 1 } });
    holdInstances(server.millrace, 'affine');
    const { answer } = await sendWaiting(server, 'endless');
    const cut = assert.rejects(answer, /socket hang up|ECONNRESET/);
    await server.millrace.close();
    await cut;
    const [settled] = await server.events.until('jobSettled', ({ jobId }) => jobId === 'endless');
    assert.notEqual(settled?.outcome, 'succeeded');
  });

  it('is done at once where nobody listened', async (t) => {
    const { folder } = await start(t);
    const millrace = await createServer({ models: folder.dir, log: { level: 'silent' } });
    await millrace.loaded;
    await millrace.close();
    assert.deepEqual(
      millrace.models.served.map(({ state }) => state),
      ['UNAVAILABLE'],
    );
  });
});

describe('destroy', () => {
  it('ends connections, jobs and models at once, and may be called again', async (t) => {
    const server = await start(t);
    const { millrace, events } = server;
    holdInstances(millrace, 'affine');
    const { answer } = await sendWaiting(server, 'waiting');
    const cut = assert.rejects(answer);
    const closed = once(server.server, 'close');
    millrace.destroy();
    millrace.destroy();
    await Promise.all([cut, closed, millrace.close()]);
    const [settled] = events.all('jobSettled', ({ jobId }) => jobId === 'waiting');
    assert.equal(settled?.outcome, 'SHUTTING_DOWN');
  });

  it('can come before the models have loaded', async (t) => {
    const { folder } = await start(t);
    const millrace = await createServer({ models: folder.dir, log: { level: 'silent' } });
    millrace.destroy();
    await millrace.loaded;
    assert.equal(millrace.models.ready, false);
  });
});
