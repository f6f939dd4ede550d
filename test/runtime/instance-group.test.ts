import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InstanceGroup } from '#src/runtime/instance-group.js';
import type { Isolation } from '#src/runtime/runtime-config.js';
import { FakeBackend } from '../support/fake-backend.js';
import { cpuSpec } from '../support/onnx-instances.js';
import { RecordedEvents } from '../support/recorded-events.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A group of a fake model with `count` instances, and what it told its listener. */
async function group({ count, isolation = 'thread' }: { count: number; isolation?: Isolation }) {
  const [backend, clock, events] = [new FakeBackend(), new VirtualClock(), new RecordedEvents()];
  const spec = (index: number) => {
    return { ...cpuSpec('model.onnx', {}, isolation), name: `fake/1#${index}` };
  };
  const instances = new InstanceGroup({ ref: { model: 'fake', version: '1' }, backend, clock, events, spec });
  const told: string[] = [];
  instances.listen({ onIdle: () => told.push('idle'), onGiveUp: (reason) => told.push(reason) });
  for (let index = 0; index < count; index += 1) await instances.add();
  const crashes = () => events.of('instanceCrashed').map(({ restartInMs }) => restartInMs);
  return { instances, backend, clock, events, told, crashes };
}

describe('InstanceGroup', () => {
  it('hands out each idle instance once, and takes it back', async () => {
    const { instances, backend, told } = await group({ count: 2 });
    const [first, second, none] = [instances.take(), instances.take(), instances.take()];
    assert.deepEqual(new Set([first, second]), new Set(backend.instances));
    assert.equal(none, undefined);
    assert.deepEqual([instances.size, instances.live, instances.idle], [2, 2, 0]);
    assert.ok(first !== undefined);
    instances.giveBack(first, true);
    assert.deepEqual([instances.idle, told], [1, ['idle', 'idle', 'idle']]);
    assert.equal(instances.take(), first);
  });

  it('tells of each instance how long it took to load', async () => {
    const { instances, backend, clock, events } = await group({ count: 0 });
    backend.onStart = () => new Promise((resolve) => void clock.after(250, resolve));
    const added = instances.add();
    assert.equal(instances.idle, 0);
    await clock.advance(250);
    assert.equal((await added).name, 'fake/1#0');
    const started = { model: 'fake', version: '1', instance: 'fake/1#0', provider: 'cpu', loadMs: 250 };
    assert.deepEqual(events.of('instanceStarted'), [started]);
  });

  it('passes on why an instance could not be loaded', async () => {
    const { instances, backend, told, crashes } = await group({ count: 0 });
    backend.onStart = () => Promise.reject(new Error('no such operator'));
    await assert.rejects(instances.add(), /no such operator/);
    assert.deepEqual([instances.idle, instances.live, told, crashes()], [0, 0, [], []]);
  });

  it('never hands out an instance that died while it was idle', async () => {
    const { instances, backend, clock } = await group({ count: 2 });
    backend.instances[1]?.crash('heap');
    await clock.settle();
    assert.equal(instances.take(), backend.instances[0]);
    assert.equal(instances.take(), undefined);
  });

  it('drops an instance that died in the hands of its taker', async () => {
    const { instances, backend, clock, told } = await group({ count: 1 });
    const taken = instances.take();
    assert.ok(taken !== undefined);
    backend.last.crash('heap');
    await clock.settle();
    instances.giveBack(taken, false);
    assert.deepEqual([instances.idle, told], [0, ['idle']]);
  });

  it('replaces an instance that died under the same name after 0.1 s', async () => {
    const { instances, backend, clock, events } = await group({ count: 2 });
    backend.instances[1]?.crash('heap full');
    await clock.advance(99);
    assert.equal(backend.instances.length, 2);
    await clock.advance(1);
    assert.equal(backend.last.name, 'fake/1#1');
    assert.deepEqual([instances.size, instances.live, instances.idle, instances.restarts], [2, 2, 2, 1]);
    const crashed = {
      model: 'fake',
      version: '1',
      instance: 'fake/1#1',
      reason: 'heap full',
      cause: 'crash',
      restartInMs: 100,
    };
    assert.deepEqual(events.of('instanceCrashed'), [crashed]);
  });

  it('waits longer after each crash in a row and gives up at the fifth, failed restarts included', async () => {
    const { instances, backend, clock, told, crashes } = await group({ count: 1 });
    backend.onStart = () => Promise.reject(new Error('the file is gone'));
    backend.last.crash('heap');
    await clock.advance(60_000);
    assert.deepEqual(crashes(), [100, 200, 400, 800, undefined]);
    assert.deepEqual([clock.pendingTimers, instances.restarts, instances.live], [0, 4, 0]);
    assert.deepEqual(told, ['idle', 'its instances keep dying; the last one: the file is gone']);
  });

  it('counts from the start again after a batch that ran well, and only after such a one', async () => {
    const { instances, backend, clock, crashes } = await group({ count: 1 });
    for (const ranWell of [false, true, false]) {
      backend.last.crash('heap');
      await clock.advance(1_000);
      const taken = instances.take();
      assert.ok(taken !== undefined);
      instances.giveBack(taken, ranWell);
    }
    assert.deepEqual(crashes(), [100, 200, 100]);
  });

  it('goes on restarting processes that die of what they are given, but not those that die before', async () => {
    const { instances, backend, clock, told, crashes } = await group({ count: 1, isolation: 'process' });
    for (let death = 0; death < 7; death += 1) {
      backend.last.crash('abort');
      await clock.advance(10_000);
    }
    assert.deepEqual(crashes(), [100, 200, 400, 800, 1_600, 3_200, 6_400]);
    assert.deepEqual([instances.live, told.filter((text) => text !== 'idle')], [1, []]);
    instances.prepareWith(async () => {
      backend.last.crash('the warm-up was too much');
      await clock.settle();
    });
    backend.last.crash('abort');
    await clock.advance(10_000);
    assert.deepEqual(told.at(-1), 'its instances keep dying; the last one: the warm-up was too much');
  });

  it('tells of giving up also whom it meets only afterwards', async () => {
    const { instances, backend, clock } = await group({ count: 1 });
    backend.onStart = () => Promise.reject(new Error('the file is gone'));
    backend.last.crash('heap');
    await clock.advance(60_000);
    const reasons: string[] = [];
    instances.listen({ onIdle: () => undefined, onGiveUp: (reason) => reasons.push(reason) });
    await clock.settle();
    assert.deepEqual(reasons, ['its instances keep dying; the last one: the file is gone']);
  });
});

describe('InstanceGroup.prepareWith', () => {
  it('has a new instance prepared before it is idle', async () => {
    const { instances, backend, clock, told } = await group({ count: 0 });
    const prepared: unknown[] = [];
    instances.prepareWith((instance) => {
      prepared.push(instance);
      return new Promise((resolve) => void clock.after(30, resolve));
    });
    const added = instances.add();
    await clock.advance(29);
    assert.deepEqual(prepared, backend.instances);
    assert.deepEqual([instances.live, instances.idle, instances.take(), told], [1, 0, undefined, []]);
    await clock.advance(1);
    assert.equal(await added, backend.last);
    assert.deepEqual([instances.take(), told], [backend.last, ['idle']]);
  });

  it('has the replacement of one that died prepared before it is idle', async () => {
    const { instances, backend, clock, told } = await group({ count: 1 });
    instances.prepareWith(() => new Promise((resolve) => void clock.after(30, resolve)));
    backend.last.crash('heap');
    await clock.advance(129);
    assert.deepEqual([backend.instances.length, instances.live, instances.take(), told], [2, 1, undefined, ['idle']]);
    await clock.advance(1);
    assert.deepEqual([instances.take(), told], [backend.last, ['idle', 'idle']]);
  });

  it('never hands out one that died while it was prepared, and replaces it', async () => {
    const { instances, backend, clock, told, crashes } = await group({ count: 0 });
    instances.prepareWith(async () => {
      if (backend.instances.length > 1) return;
      backend.last.crash('the warm-up was too much');
      await clock.settle();
    });
    const added = instances.add();
    await clock.settle();
    await added;
    assert.deepEqual([instances.live, instances.idle, instances.take(), told], [0, 0, undefined, []]);
    assert.deepEqual(crashes(), [100]);
    await clock.advance(100);
    assert.deepEqual([instances.size, instances.take(), told], [1, backend.instances[1], ['idle']]);
  });
});

describe('InstanceGroup.destroy', () => {
  it('ends every instance, idle or taken, and calls none of it a crash', async () => {
    const { instances, backend, clock, told, crashes } = await group({ count: 2 });
    const taken = instances.take();
    assert.ok(taken !== undefined);
    instances.destroy('it was unloaded');
    instances.destroy('again');
    await clock.settle();
    const reasons = backend.instances.map(({ destroyedWith }) => destroyedWith);
    assert.deepEqual(reasons, ['it was unloaded', 'it was unloaded']);
    instances.giveBack(taken, true);
    assert.deepEqual([instances.live, instances.idle, instances.take()], [0, 0, undefined]);
    assert.deepEqual([crashes(), told], [[], ['idle', 'idle']]);
  });

  it('takes back the restarts that are due', async () => {
    const { instances, backend, clock } = await group({ count: 1 });
    backend.last.crash('heap');
    await clock.settle();
    assert.equal(clock.pendingTimers, 1);
    instances.destroy('it was unloaded');
    await clock.advance(1_000);
    assert.deepEqual([clock.pendingTimers, backend.specs.length], [0, 1]);
  });

  it('ends an instance that has loaded only afterwards', async () => {
    const { instances, backend, clock, told } = await group({ count: 0 });
    backend.onStart = () => new Promise((resolve) => void clock.after(100, resolve));
    const refused = assert.rejects(instances.add(), { code: 'MODEL_UNAVAILABLE', message: /unloaded while/ });
    instances.destroy('it was unloaded');
    await clock.advance(100);
    await refused;
    assert.notEqual(backend.last.destroyedWith, undefined);
    assert.deepEqual([instances.live, instances.idle, told], [0, 0, []]);
  });

  it('ends a replacement that has loaded only afterwards, without another try', async () => {
    const { instances, backend, clock, crashes } = await group({ count: 1 });
    backend.onStart = () => new Promise((resolve) => void clock.after(50, resolve));
    backend.last.crash('heap');
    await clock.advance(100);
    instances.destroy('it was unloaded');
    await clock.advance(10_000);
    assert.equal(backend.instances.length, 2);
    assert.notEqual(backend.last.destroyedWith, undefined);
    assert.deepEqual([crashes(), clock.pendingTimers], [[100], 0]);
  });
});
