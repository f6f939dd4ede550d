import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TimeLimitedInstance } from '#src/runtime/time-limited-instance.js';
import { BackendInstance, FakeBackend } from '../support/fake-backend.js';
import { cpuSpec } from '../support/onnx-instances.js';
import { fp32, plainAll } from '../support/tensors.js';
import { VirtualClock } from '../support/virtual-clock.js';

const row = () => ({ x: fp32([1, 2], 1, 2) });

/** An instance with 100 ms for an execution, of which each takes as long as the test says. */
function limited(runMs: number) {
  const [backend, clock] = [new FakeBackend(), new VirtualClock()];
  backend.onRun = (inputs) =>
    new Promise((resolve) => void clock.after(runMs, () => resolve({ y: inputs['x'] ?? fp32([]) })));
  const inner = new BackendInstance(cpuSpec('model.onnx'), backend);
  return { instance: new TimeLimitedInstance(inner, { limitMs: 100, clock }), inner, clock };
}

describe('TimeLimitedInstance', () => {
  it('leaves an execution alone that is over in time, and leaves no timer behind', async () => {
    const { instance, clock, inner } = limited(99);
    const running = instance.run(row());
    await clock.advance(99);
    assert.deepEqual(plainAll((await running).outputs), { y: { shape: [1, 2], values: [1, 2] } });
    assert.deepEqual([clock.pendingTimers, inner.destroyedWith, instance.timedOut], [0, undefined, false]);
  });

  it('ends the instance whose execution takes too long, and fails the batch with a code of its own', async () => {
    const { instance, clock, inner } = limited(10_000);
    const failed = assert.rejects(instance.run(row()), {
      code: 'EXECUTION_TIMEOUT',
      message: /within 100 ms/,
      cause: 'an execution took longer than 100 ms',
    });
    await clock.advance(99);
    assert.equal(inner.destroyedWith, undefined);
    await clock.advance(1);
    await failed;
    assert.equal(await instance.ended, 'an execution took longer than 100 ms');
    assert.equal(instance.timedOut, true);
  });

  it('reads an answer first that came while the event loop was busy', async () => {
    const { instance, clock, inner } = limited(100);
    // Both are due at the same moment, the limit first, since it was set first.
    const running = instance.run(row());
    await clock.advance(100);
    await running;
    assert.equal(inner.destroyedWith, undefined);
  });

  it('passes on what an instance fails with by itself', async () => {
    const { instance, inner } = limited(50);
    const failed = assert.rejects(instance.run(row()), { code: 'INSTANCE_CRASHED', cause: 'heap' });
    inner.crash('heap');
    await failed;
    assert.equal(instance.timedOut, false);
  });
});
