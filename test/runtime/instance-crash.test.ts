import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import type { Isolation } from '#src/runtime/runtime-config.js';
import { type Fault, startFaulty } from '../support/faulty-worker.js';
import { affine } from '../support/fixture-models.js';
import { cpuSpec, endInstance, isolations, loadInstance, patientStart } from '../support/onnx-instances.js';
import { fp32, plainAll } from '../support/tensors.js';

async function faulty(t: TestContext, fault: Fault, isolation: Isolation) {
  const instance = await startFaulty(fault, cpuSpec('', {}, isolation), patientStart);
  t.after(() => endInstance(instance));
  return instance;
}

const crashed = (cause: RegExp) => (error: Error & { code?: string; details?: object }) => {
  assert.equal(error.code, 'INSTANCE_CRASHED');
  assert.match(String(error.cause), cause);
  // What it died of is for the log alone.
  assert.doesNotMatch(error.message, cause);
  return true;
};

interface Death {
  readonly fault: Fault;
  readonly isolation: Isolation;
  readonly cause: RegExp;
}

const deaths: readonly Death[] = [
  { fault: 'throws-on-run', isolation: 'thread', cause: /uncaught while it ran/ },
  { fault: 'rejects-on-run', isolation: 'thread', cause: /unhandled while it ran/ },
  { fault: 'exits-on-run', isolation: 'thread', cause: /exited with code 7/ },
  { fault: 'fills-its-heap-on-run', isolation: 'thread', cause: /memory/ },
  { fault: 'throws-on-run', isolation: 'process', cause: /ended with code 1/ },
  { fault: 'rejects-on-run', isolation: 'process', cause: /ended with code 1/ },
  { fault: 'exits-on-run', isolation: 'process', cause: /ended with code 7/ },
  { fault: 'aborts-on-run', isolation: 'process', cause: /ended with SIGABRT/ },
  { fault: 'writes-nonsense-on-run', isolation: 'process', cause: /not understood: .*no message of this protocol/ },
  { fault: 'answers-with-too-much-on-run', isolation: 'process', cause: /not understood: .*larger than allowed/ },
  { fault: 'answers-with-a-wrong-table-on-run', isolation: 'process', cause: /not understood/ },
  { fault: 'hangs-up-on-run', isolation: 'process', cause: /ended with (?:SIGKILL|code 0)/ },
];

describe('an instance that dies', () => {
  for (const { fault, isolation, cause } of deaths) {
    it(`${isolation} ${fault}: fails the batch that it had, and every later one`, async (t) => {
      // New heaps obey it, so that the thread's is full soon; the test's own is as large as it was.
      setFlagsFromString('--max-old-space-size=48');
      const instance = await faulty(t, fault, isolation);
      await assert.rejects(instance.run({}), crashed(cause));
      assert.match(await instance.ended, cause);
      await assert.rejects(instance.run({}), crashed(cause));
      instance.destroy('it was unloaded');
      assert.match(await instance.ended, cause);
    });
  }

  for (const isolation of isolations) {
    it(`${isolation}: leaves other instances alone`, async (t) => {
      const bad = await faulty(t, 'throws-on-run', isolation);
      const good = await loadInstance(t, affine(), { isolation });
      const running = good.run({ x: fp32([1, 4], 1, 2, 3, 4) });
      await assert.rejects(bad.run({}), { code: 'INSTANCE_CRASHED' });
      assert.deepEqual(plainAll((await running).outputs), { y: { shape: [1, 4], values: [3, 5, 7, 9] } });
      const after = await good.run({ x: fp32([1, 4], 0, 0, 0, 0) });
      assert.deepEqual(plainAll(after.outputs), { y: { shape: [1, 4], values: [1, 1, 1, 1] } });
    });

    it(`${isolation}: fails a batch to which it says something that is no answer`, async (t) => {
      const instance = await faulty(t, 'speaks-out-of-turn-on-run', isolation);
      await assert.rejects(instance.run({}), { code: 'EXECUTION_FAILED', message: /out of turn/ });
    });

    it(`${isolation}: tells a lack of memory from values that a model refuses, and goes on`, async (t) => {
      const instance = await faulty(t, 'has-no-memory-on-run', isolation);
      for (const _again of [1, 2]) await assert.rejects(instance.run({}), { code: 'OUT_OF_MEMORY' });
    });
  }
});

describe('an instance that cannot be started', () => {
  const refusals: readonly { fault: Fault; isolation: Isolation; reason: RegExp }[] = [
    { fault: 'throws-on-load', isolation: 'thread', reason: /uncaught while it loaded/ },
    { fault: 'exits-on-load', isolation: 'thread', reason: /exited with code 7/ },
    { fault: 'speaks-out-of-turn-on-load', isolation: 'thread', reason: /out of turn/ },
    { fault: 'throws-on-load', isolation: 'process', reason: /ended with code 1/ },
    { fault: 'exits-on-load', isolation: 'process', reason: /ended with code 7/ },
    { fault: 'speaks-out-of-turn-on-load', isolation: 'process', reason: /out of turn/ },
    { fault: 'is-of-another-version-on-load', isolation: 'process', reason: /version 0\.0\.0-other.*started again/ },
  ];
  for (const { fault, isolation, reason } of refusals) {
    it(`${isolation} ${fault}: makes the model unavailable`, async () => {
      const start = startFaulty(fault, cpuSpec('', {}, isolation), patientStart);
      await assert.rejects(start, { code: 'MODEL_UNAVAILABLE', message: reason });
    });
  }

  for (const isolation of isolations) {
    it(`${isolation}: is called off by the signal, with its reason`, async () => {
      const off = new AbortController();
      const start = startFaulty('loads-late', cpuSpec('', {}, isolation), { ...patientStart, signal: off.signal });
      off.abort(new Error('nobody wants it'));
      await assert.rejects(start, { code: 'MODEL_UNAVAILABLE', message: /nobody wants it/ });
    });
  }
});

describe('a process', () => {
  it('has what it writes told, line by line', async (t) => {
    const lines: string[] = [];
    const said = (text: string) => lines.push(text);
    const instance = await startFaulty('throws-on-run', cpuSpec('', {}, 'process'), { ...patientStart, said });
    t.after(() => endInstance(instance));
    await assert.rejects(instance.run({}), { code: 'INSTANCE_CRASHED' });
    assert.ok(lines.includes('Error: uncaught while it ran'), lines.join('\n'));
  });
});
