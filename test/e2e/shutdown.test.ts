import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { startCommand } from '../support/command-line.js';
import { type Answer, postJson } from '../support/http-client.js';
import { heavy } from '../support/load-models.js';
import { createModelFolder } from '../support/model-folder.js';
import { spawnSlowServer } from '../support/slow-server.js';
import { type SpawnedServer, spawnServer, until, whenLogged } from '../support/spawned-server.js';

const HALF_AN_HOUR_MS = '1800000';
const good = { code: 0, signal: null };

async function slowServer(t: TestContext, env: Record<string, string>) {
  const server = await spawnSlowServer(env);
  t.after(() => server.stop());
  const send = () => postJson(`${server.url}/predict`, { model: 'slow', input: [1, 2, 3, 4] });
  return { ...server, send };
}

async function isReady({ url }: SpawnedServer): Promise<boolean> {
  const { status } = await fetch(`${url}/healthz/ready`);
  assert.ok(status === 200 || status === 503);
  return status === 200;
}

/** A client that keeps its connection and sends one request after another, until an answer ends the connection. */
async function keepSending(url: string, onAnswer: () => void): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers: Answer[] = [];
  for (;;) {
    const answer = await postJson(`${url}/predict`, { model: 'quick', input: [answers.length, 0, 0, 0] }, { agent });
    answers.push(answer);
    onAnswer();
    if (answer.headers.connection === 'close') break;
  }
  agent.destroy();
  return answers;
}

describe('SIGTERM', () => {
  it('under load drops nothing: clients are asked to leave, readiness goes, then the server ends well', async (t) => {
    const folder = await createModelFolder({ 'models/quick/1/model.onnx': heavy(256) });
    const server = await spawnServer([], { cwd: folder.dir, env: { MILLRACE_SHUTDOWN__GRACE_MS: '1500' } });
    t.after(async () => {
      await server.stop();
      await folder.remove();
    });
    let answered = 0;
    const clients = Array.from({ length: 12 }, () =>
      keepSending(server.url, () => {
        answered += 1;
      }),
    );
    await until('the clients have sent much', () => Promise.resolve(answered > 100));
    server.signal('SIGTERM');

    for (const answers of await Promise.all(clients)) {
      for (const [index, { status, body }] of answers.entries()) {
        assert.deepEqual([status, body['output']], [200, { y: [2 * index + 1, 1, 1, 1] }]);
      }
    }
    assert.equal(await isReady(server), false);
    const late = await postJson(`${server.url}/predict`, { model: 'quick', input: [1, 2, 3, 4] });
    assert.deepEqual([late.status, late.headers.connection], [200, 'close']);
    assert.deepEqual(await server.exit, good);
    const said = server.log().map(({ msg }) => msg);
    assert.deepEqual(said.slice(-2), ['stopping: finishing what was accepted', 'stopped']);
  });

  it('finishes the work that was accepted, however long after the grace period', async (t) => {
    const server = await slowServer(t, { MILLRACE_SHUTDOWN__GRACE_MS: '0' });
    const answers = Array.from({ length: 5 }, () => server.send());
    await server.untilMetric('millrace_jobs_in_flight', 5);
    server.signal('SIGTERM');
    for (const answer of answers) assert.equal((await answer).status, 200);
    assert.deepEqual(await server.exit, good);
  });

  it('ends well also when the time for that work is over while it runs', async (t) => {
    const server = await slowServer(t, { MILLRACE_SHUTDOWN__GRACE_MS: '0', MILLRACE_SHUTDOWN__TIMEOUT_MS: '1' });
    const cut = Promise.allSettled(Array.from({ length: 5 }, () => server.send()));
    await server.untilMetric('millrace_jobs_in_flight', 5);
    server.signal('SIGTERM');
    await cut;
    assert.deepEqual(await server.exit, good);
  });

  it('ends well also while a model is being probed and warmed up', async (t) => {
    const folder = await createModelFolder({ 'models/slow/1/model.onnx': heavy(2048) });
    t.after(() => folder.remove());
    const env = { MILLRACE_SHUTDOWN__GRACE_MS: '0', MILLRACE_INSTANCES: '1' };
    const command = startCommand(['serve', '--port', '0', '--grpc-port', 'off', '--log-level', 'debug'], {
      cwd: folder.dir,
      env,
    });
    t.after(() => command.process.kill('SIGKILL'));
    await whenLogged(command, 'instance started');
    command.process.kill('SIGTERM');
    assert.deepEqual(await command.exit, good);
  });

  it('ends well also where no model could be loaded, so that nothing but the stop itself is under way', async (t) => {
    const folder = await createModelFolder({ 'models/broken.onnx': 'no model' });
    const server = startCommand(['serve', '--port', '0'], { cwd: folder.dir });
    t.after(async () => {
      server.process.kill('SIGKILL');
      await folder.remove();
    });
    await whenLogged(server, 'model unavailable');
    server.process.kill('SIGTERM');
    assert.deepEqual(await server.exit, good);
    await whenLogged(server, 'stopped');
  });

  it('is one with the SIGINT that comes right behind it, as a terminal and npm deliver them', async (t) => {
    const server = await slowServer(t, { MILLRACE_SHUTDOWN__GRACE_MS: '0' });
    const answers = Array.from({ length: 3 }, () => server.send());
    await server.untilMetric('millrace_jobs_in_flight', 3);
    server.signal('SIGTERM');
    server.signal('SIGINT');
    for (const answer of answers) assert.equal((await answer).status, 200);
    assert.deepEqual(await server.exit, good);
  });

  it('ends the server at once when it comes again later', async (t) => {
    const server = await slowServer(t, { MILLRACE_SHUTDOWN__GRACE_MS: HALF_AN_HOUR_MS });
    server.signal('SIGTERM');
    await until('the server is stopping', async () => !(await isReady(server)));
    let hasEnded = false;
    const exit = server.exit.then((end) => {
      hasEnded = true;
      return end;
    });
    await until('the server takes a signal for a second one', () => {
      server.signal('SIGTERM');
      return Promise.resolve(hasEnded);
    });
    assert.deepEqual(await exit, { code: null, signal: 'SIGTERM' });
  });
});
