import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InstanceGroup } from '#src/runtime/instance-group.js';
import type { RecycleConfig } from '#src/runtime/runtime-config.js';
import { FakeBackend } from '../support/fake-backend.js';
import { cpuSpec } from '../support/onnx-instances.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A group of one instance that is worn after two executions; the next one takes 50 ms to load. */
async function worn({ recycle = { runs: 2 }, count = 1 }: { recycle?: RecycleConfig; count?: number } = {}) {
  const [backend, clock, events] = [new FakeBackend(), new VirtualClock(), new RecordedEvents()];
  const spec = (index: number) => ({ ...cpuSpec('model.onnx'), name: `fake/1#${index}` });
  const group = new InstanceGroup({ ref: { model: 'fake', version: '1' }, backend, clock, events, spec, recycle });
  for (let index = 0; index < count; index += 1) await group.add();
  backend.onStart = () => new Promise((resolve) => void clock.after(50, resolve));
  const use = () => {
    const instance = group.take();
    assert.ok(instance !== undefined);
    return { instance, giveBack: (ranWell = true) => group.giveBack(instance, ranWell) };
  };
  const recycled = () => events.of('instanceRecycled').map(({ instance, reason }) => `${instance}: ${reason}`);
  return { group, backend, clock, events, use, recycled };
}

describe('InstanceGroup: an instance that is worn', () => {
  it('works until its successor is ready, and goes then', async () => {
    const { group, backend, clock, events, use, recycled } = await worn();
    use().giveBack();
    use().giveBack();
    await clock.advance(49);
    assert.deepEqual([group.live, group.idle, backend.last.destroyedWith], [1, 1, undefined]);
    const { instance, giveBack } = use();
    giveBack();
    await clock.advance(1);
    const [old, successor] = backend.instances;
    assert.equal(instance, old);
    assert.deepEqual([old?.destroyedWith, successor?.name], ['it was replaced', 'fake/1#0']);
    assert.deepEqual([group.size, group.live, group.idle, group.restarts], [1, 1, 1, 0]);
    assert.equal(group.take(), successor);
    assert.deepEqual([recycled(), events.of('instanceCrashed')], [['fake/1#0: runs'], []]);
  });

  it('finishes the batch that it has when its successor is ready', async () => {
    const { group, backend, clock, use } = await worn();
    use().giveBack();
    use().giveBack();
    const { giveBack } = use();
    await clock.advance(50);
    const [old, successor] = backend.instances;
    assert.deepEqual([old?.destroyedWith, group.live, group.take()], [undefined, 2, successor]);
    giveBack();
    assert.deepEqual([old?.destroyedWith, group.live, group.idle], ['it was replaced', 1, 0]);
  });

  it('stays when no successor can be made, and is tried again after as much wear', async () => {
    const { group, backend, clock, events, use, recycled } = await worn();
    backend.onStart = () => Promise.reject(new Error('the file is gone'));
    use().giveBack();
    use().giveBack();
    await clock.settle();
    assert.deepEqual([group.live, group.idle, backend.specs.length], [1, 1, 2]);
    assert.match(events.of('modelNotice')[0]?.notice ?? '', /fake\/1#0 could not be replaced: the file is gone/);
    use().giveBack();
    await clock.settle();
    assert.equal(backend.specs.length, 2);
    backend.onStart = () => Promise.resolve();
    use().giveBack();
    await clock.settle();
    assert.deepEqual([recycled(), group.take()], [['fake/1#0: runs'], backend.instances[1]]);
  });

  it('stays when its successor dies while it is warmed up', async () => {
    const { group, backend, clock, events, use, recycled } = await worn();
    group.prepareWith(async () => {
      backend.last.crash('heap');
      await clock.settle();
    });
    use().giveBack();
    use().giveBack();
    await clock.advance(1_000);
    assert.deepEqual([group.live, group.idle, backend.instances.length], [1, 1, 2]);
    assert.deepEqual([recycled(), events.of('instanceCrashed')], [[], []]);
    assert.equal(group.take(), backend.instances[0]);
  });

  it('that dies meanwhile is succeeded all the same, once', async () => {
    const { group, backend, clock, use } = await worn();
    use().giveBack();
    use().giveBack();
    backend.instances[0]?.crash('heap');
    await clock.advance(1_000);
    assert.deepEqual([group.live, group.idle, backend.instances.length], [1, 1, 2]);
  });

  it('that dies meanwhile is started again if its successor cannot be made', async () => {
    const { group, backend, clock, events, use } = await worn();
    backend.onStart = () => new Promise((_resolve, reject) => void clock.after(50, () => reject(new Error('no file'))));
    use().giveBack();
    use().giveBack();
    backend.instances[0]?.crash('heap');
    await clock.advance(50);
    backend.onStart = () => Promise.resolve();
    assert.deepEqual(
      events.of('instanceCrashed').map(({ cause, reason }) => [cause, reason]),
      [
        ['crash', 'heap'],
        ['load', 'no file'],
      ],
    );
    await clock.advance(100);
    assert.deepEqual([group.live, group.idle], [1, 1]);
  });

  it('waits for its turn: successors are made one at a time', async () => {
    const { group, backend, clock, use } = await worn({ recycle: { runs: 1 }, count: 2 });
    const both = [use(), use()];
    for (const { giveBack } of both) giveBack();
    await clock.advance(49);
    assert.equal(backend.specs.length, 3);
    await clock.advance(1);
    assert.deepEqual([group.live, backend.instances.length], [2, 3]);
  });

  it('leaves nothing behind when the model is unloaded while its successor loads', async () => {
    const { group, backend, clock, use, recycled } = await worn();
    use().giveBack();
    use().giveBack();
    group.destroy('it was unloaded');
    await clock.advance(1_000);
    const ends = backend.instances.map(({ destroyedWith }) => destroyedWith);
    assert.deepEqual(ends, ['it was unloaded', 'the model was unloaded']);
    assert.deepEqual([group.live, recycled(), clock.pendingTimers], [0, [], 0]);
  });
});

describe('InstanceGroup: limits in time', () => {
  it('ends an instance whose execution takes too long, and says why when it starts another', async () => {
    const [backend, clock, events] = [new FakeBackend(), new VirtualClock(), new RecordedEvents()];
    const spec = () => cpuSpec('model.onnx');
    const ref = { model: 'fake', version: '1' };
    const group = new InstanceGroup({ ref, backend, clock, events, spec, executionTimeoutMs: 1_000 });
    await group.add();
    backend.onRun = () => new Promise(() => undefined);
    const failed = assert.rejects(group.take()?.run({}) ?? Promise.resolve(), { code: 'EXECUTION_TIMEOUT' });
    await clock.advance(1_000);
    await failed;
    assert.equal(backend.last.destroyedWith, 'an execution took longer than 1000 ms');
    const crashes = events.of('instanceCrashed').map(({ cause, restartInMs }) => [cause, restartInMs]);
    assert.deepEqual(crashes, [['timeout', 100]]);
    await clock.advance(100);
    assert.deepEqual([group.live, group.idle, backend.instances.length], [1, 1, 2]);
  });

  it('calls off an instance that takes too long to load', async () => {
    const [backend, clock, events] = [new FakeBackend(), new VirtualClock(), new RecordedEvents()];
    const group = new InstanceGroup({
      ref: { model: 'fake', version: '1' },
      backend: {
        name: 'slow',
        start: (_spec, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
      },
      clock,
      events,
      spec: () => cpuSpec('model.onnx'),
      loadTimeoutMs: 1_000,
    });
    const refused = assert.rejects(group.add(), /not loaded within 1000 ms/);
    await clock.advance(1_000);
    await refused;
    assert.deepEqual([group.live, backend.specs, clock.pendingTimers], [0, [], 0]);
  });
});
