import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { endless, HARMLESS } from '../support/hostile-models.js';
import { type Answer, postJson } from '../support/http-client.js';
import { heavy } from '../support/load-models.js';
import { createModelFolder } from '../support/model-folder.js';
import { environmentOf, instanceProcesses, isRunning } from '../support/process-list.js';
import { type SpawnedServer, spawnServer, until } from '../support/spawned-server.js';

const CLIENTS = 8;
const KILLS = 3;
const skip = process.platform === 'linux' ? false : 'processes are looked for in /proc';

/** A server whose models run in two processes each: `model`, and `endless`, which may hang. */
async function start(t: TestContext): Promise<SpawnedServer> {
  const settings = 'instances: { isolation: process, count: 2 }\nbatching: { max_batch_size: 4 }';
  const folder = await createModelFolder({
    'models/model/1/model.onnx': heavy(256),
    'models/model/model.yaml': settings,
    'models/endless/1/model.onnx': endless(),
    'models/endless/model.yaml': settings,
  });
  t.after(() => folder.remove());
  const env = { MILLRACE_SHUTDOWN__GRACE_MS: '0', A_SECRET: 'x' };
  const server = await spawnServer([], { cwd: folder.dir, env });
  t.after(() => server.stop());
  return server;
}

async function assertGone(pids: readonly number[]): Promise<void> {
  await until('the processes are gone', () => Promise.resolve(!pids.some(isRunning)));
}

describe('processes of instances', { skip }, () => {
  it('that are killed under load fail their batch and nothing else; others take their place', async (t) => {
    const server = await start(t);
    let isOver = false;
    const answers: { row: number; answer: Answer }[] = [];
    const client = async (first: number) => {
      for (let row = first; !isOver; row += CLIENTS) {
        const answer = await postJson(`${server.url}/predict`, { model: 'model', input: [row, 0, 0, 0] });
        answers.push({ row, answer });
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
    const killed: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const answered = answers.length;
      await until('there is load', () => Promise.resolve(answers.length > answered + 20));
      const victim = instanceProcesses(server.pid).find((pid) => !killed.includes(pid)) as number;
      process.kill(victim, 'SIGKILL');
      killed.push(victim);
    }
    const crashes = () => server.log().filter(({ msg }) => msg === 'instance crashed');
    await until('each death is known', () => Promise.resolve(crashes().length === KILLS));
    await until('all have been replaced', () => {
      return Promise.resolve(instanceProcesses(server.pid).filter(isRunning).length === 4);
    });
    isOver = true;
    await Promise.all(clients);
    for (const { row, answer } of answers) {
      const { status, body } = answer;
      if (status === 200) assert.deepEqual(body['output'], { y: [2 * row + 1, 1, 1, 1] });
      else assert.deepEqual([status, body['code']], [503, 'INSTANCE_CRASHED']);
    }
    for (const { reason, cause } of crashes())
      assert.deepEqual([reason, cause], ['its process ended with SIGKILL', 'crash']);
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`are gone when the server has ended by ${signal}, also one that hangs in native code`, async (t) => {
      const server = await start(t);
      const hung = postJson(`${server.url}/predict`, {
        model: 'endless',
        input: [HARMLESS + 1, 0, 0, 0],
        parameters: { timeout_ms: 1 },
      });
      if (signal === 'SIGTERM') assert.equal((await hung).status, 504);
      else hung.catch(() => undefined);
      const pids = instanceProcesses(server.pid);
      assert.equal(pids.length, 4);
      server.signal(signal);
      const exit = await server.exit;
      await assertGone(pids);
      assert.deepEqual(exit, signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal });
    });
  }

  it('know nothing of the keys and settings of the server', async (t) => {
    const server = await start(t);
    const [pid] = instanceProcesses(server.pid);
    const names = environmentOf(pid as number).map((line) => line.split('=')[0]);
    assert.ok(names.includes('PATH') && names.includes('ORT_DISABLE_TELEMETRY'), names.join());
    assert.ok(!names.includes('MILLRACE_SHUTDOWN__GRACE_MS') && !names.includes('A_SECRET'), names.join());
  });

  it('do not end by the signals that a terminal sends to all: the server drains', async (t) => {
    const server = await start(t);
    const pids = instanceProcesses(server.pid);
    for (const pid of pids) process.kill(pid, 'SIGINT');
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    for (let row = 0; row < 20; row += 1) {
      const { status } = await postJson(`${server.url}/predict`, { model: 'model', input: [row, 0, 0, 0] });
      assert.equal(status, 200);
    }
    assert.deepEqual(instanceProcesses(server.pid), pids);
  });
});
