import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { WorkerInstance } from '#src/runtime/worker-instance.js';
import { type Fault, faultyWorker } from '../support/faulty-worker.js';
import { affine } from '../support/fixture-models.js';
import { cpuSpec, endInstance, loadInstance } from '../support/onnx-instances.js';
import { fp32, plainAll } from '../support/tensors.js';

async function faulty(t: TestContext, fault: Fault): Promise<WorkerInstance> {
  const instance = await WorkerInstance.start(cpuSpec(fault), faultyWorker);
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

describe('a worker thread that dies', () => {
  const deaths: { fault: Fault; cause: RegExp }[] = [
    { fault: 'throws-on-run', cause: /uncaught while it ran/ },
    { fault: 'rejects-on-run', cause: /unhandled while it ran/ },
    { fault: 'exits-on-run', cause: /exited with code 7/ },
    { fault: 'fills-its-heap-on-run', cause: /memory/ },
  ];
  for (const { fault, cause } of deaths) {
    it(`${fault}: fails the batch that it had, and every later one`, async (t) => {
      // New heaps obey it, so that the thread's is full soon; the test's own is as large as it was.
      setFlagsFromString('--max-old-space-size=48');
      const instance = await faulty(t, fault);
      await assert.rejects(instance.run({}), crashed(cause));
      assert.match(await instance.ended, cause);
      await assert.rejects(instance.run({}), crashed(cause));
      instance.destroy('it was unloaded');
      assert.match(await instance.ended, cause);
    });
  }

  it('leaves other instances alone', async (t) => {
    const [bad, good] = [await faulty(t, 'throws-on-run'), await loadInstance(t, affine())];
    const running = good.run({ x: fp32([1, 4], 1, 2, 3, 4) });
    await assert.rejects(bad.run({}), { code: 'INSTANCE_CRASHED' });
    assert.deepEqual(plainAll((await running).outputs), { y: { shape: [1, 4], values: [3, 5, 7, 9] } });
    const after = await good.run({ x: fp32([1, 4], 0, 0, 0, 0) });
    assert.deepEqual(plainAll(after.outputs), { y: { shape: [1, 4], values: [1, 1, 1, 1] } });
  });

  it('fails a batch to which it says something that is no answer', async (t) => {
    const instance = await faulty(t, 'speaks-out-of-turn-on-run');
    await assert.rejects(instance.run({}), { code: 'EXECUTION_FAILED', message: /out of turn/ });
  });

  const refusals: { fault: Fault; reason: RegExp }[] = [
    { fault: 'throws-on-load', reason: /uncaught while it loaded/ },
    { fault: 'exits-on-load', reason: /exited with code 7/ },
    { fault: 'speaks-out-of-turn-on-load', reason: /out of turn/ },
  ];
  for (const { fault, reason } of refusals) {
    it(`${fault}: makes the model unavailable`, async () => {
      const start = WorkerInstance.start(cpuSpec(fault), faultyWorker);
      await assert.rejects(start, { code: 'MODEL_UNAVAILABLE', message: reason });
    });
  }
});
