import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EventWatch } from '../support/event-watch.js';
import { affine } from '../support/fixture-models.js';
import { alwaysEndless, alwaysGreedy, endless, greedy, HARMLESS } from '../support/hostile-models.js';
import { metricValue } from '../support/metrics-text.js';
import { hasPrlimit } from '../support/process-list.js';
import { startTestServer, type TestServer } from '../support/test-server.js';

const SHORT = 'limits: { execution_timeout_ms: 400 }';
const PROCESS = 'instances: { isolation: process, memory_bytes: 1073741824 }';
const harmful = [HARMLESS + 1, 0, 0, 0];

let server: TestServer;
let events: EventWatch;

before(async () => {
  server = await startTestServer({
    'good.onnx': affine(),
    'endless/1/model.onnx': endless(),
    'endless/model.yaml': `${PROCESS}\n${SHORT}`,
    'greedy/1/model.onnx': greedy(),
    'greedy/model.yaml': PROCESS,
    'never/1/model.onnx': alwaysEndless(),
    'never/model.yaml': `${PROCESS}\n${SHORT}`,
    'huge/1/model.onnx': alwaysGreedy(),
    'huge/model.yaml': PROCESS,
  });
  events = new EventWatch(server.millrace);
});
after(() => server.stop());

const ask = (model: string, input: readonly number[]) => server.post('/predict', { model, input });

async function assertServes(model: string): Promise<void> {
  const { status, body } = await ask(model, [1, 2, 3, 4]);
  assert.deepEqual([status, body.output], [200, { y: [3, 5, 7, 9] }]);
}

describe('a model in a process that can do harm', () => {
  it('whose execution never ends is killed, also when it is tried again, and another process takes over', async () => {
    await assertServes('endless');
    const { status, body } = await ask('endless', harmful);
    assert.deepEqual([status, body.code, body.retryable], [504, 'EXECUTION_TIMEOUT', true]);
    const [crash] = await events.until('instanceCrashed', ({ model }) => model === 'endless');
    assert.deepEqual([crash?.cause, crash?.reason], ['timeout', 'an execution took longer than 400 ms']);
    await assertServes('endless');
    const { text } = await server.get('/metrics');
    const timeouts = { model: 'endless', cause: 'timeout' };
    assert.equal(metricValue(text, 'millrace_instance_crashes_total', timeouts), 2);
    const again = await ask('endless', harmful);
    assert.deepEqual([again.status, again.body.code], [422, 'INPUT_QUARANTINED']);
    assert.equal(metricValue(text, 'millrace_threads_given_up'), 0);
  });

  it('that asks for too much memory fails for that batch alone', async (t) => {
    if (!hasPrlimit()) return t.skip('there is no prlimit');
    const { status, body } = await ask('greedy', harmful);
    assert.deepEqual([status, body.code, body.retryable], [503, 'OUT_OF_MEMORY', true]);
    await assertServes('greedy');
    assert.deepEqual(
      events.all('instanceCrashed', ({ model }) => model === 'greedy'),
      [],
    );
  });

  it('is unavailable if its first run never ends', async () => {
    const { body } = await server.get('/models/never');
    assert.equal(body.state, 'UNAVAILABLE');
    assert.match(body.reason, /could not run generated inputs: an execution took longer than 400 ms/);
  });

  it('is unavailable if its first run asks for too much memory', async (t) => {
    if (!hasPrlimit()) return t.skip('there is no prlimit');
    const { body } = await server.get('/models/huge');
    assert.equal(body.state, 'UNAVAILABLE');
    assert.match(body.reason, /could not run generated inputs: .*Failed to allocate memory/);
  });

  it('keeps no other from being served', () => assertServes('good'));

  it('has its memory in the metrics', async () => {
    await assertServes('greedy');
    const { text } = await server.get('/metrics');
    const bytes = metricValue(text, 'millrace_instance_resident_bytes', { model: 'greedy', instance: 'greedy/1#0' });
    assert.ok(bytes !== undefined && bytes > 10e6 && bytes < 1e9, String(bytes));
    assert.equal(metricValue(text, 'millrace_instance_resident_bytes', { model: 'good' }), undefined);
  });
});
