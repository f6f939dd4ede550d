import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '#src/core/errors.js';
import type { ServedModel } from '#src/serving/served-model.js';
import { crowd, MODEL_BYTES, RUNTIME_BYTES } from '../support/crowded-models.js';
import { affine } from '../support/fixture-models.js';
import { propertyRuns } from '../support/property-runs.js';

const files = (yaml: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(yaml).flatMap(([name, text]) => [
      [`${name}/1/model.onnx`, affine()],
      [`${name}/model.yaml`, text],
    ]),
  );

describe('a model that is not loaded', () => {
  it('loads with the first request, once for all that ask meanwhile', async (t) => {
    const { ask, backend, clock, states } = await crowd(t, { models: 2, room: 2 });
    assert.deepEqual(states(), ['m0 EVICTED', 'm1 EVICTED']);
    const asked = Array.from({ length: 20 }, () => ask('m0').outcome);
    await clock.advance(10);
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(['m0/1']));
    assert.deepEqual([states(), backend.specs.length], [['m0 READY', 'm1 EVICTED'], 1]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('keeps a request no longer than its deadline, nor than its client', async (t) => {
    const { ask, clock } = await crowd(t, { models: 1, room: 1, loadMs: 1_000 });
    const short = ask('m0', { timeoutMs: 100 });
    const gone = ask('m0');
    const long = ask('m0');
    gone.leave(new MillraceError('CLIENT_CLOSED_REQUEST', 'gone'));
    await clock.advance(100);
    assert.deepEqual(await Promise.all([short.outcome, gone.outcome]), ['DEADLINE_EXCEEDED', 'CLIENT_CLOSED_REQUEST']);
    await clock.advance(900);
    assert.equal(await long.outcome, 'm0/1');
  });

  it('is not loaded for a request that has left before its turn', async (t) => {
    const { ask, backend, clock } = await crowd(t, { models: 2, room: 2 });
    const first = ask('m0');
    const second = ask('m1', { timeoutMs: 5 });
    await clock.advance(100);
    assert.deepEqual(await Promise.all([first.outcome, second.outcome]), ['m0/1', 'DEADLINE_EXCEEDED']);
    assert.equal(backend.specs.length, 1);
  });

  it('takes no more waiting requests than its queue has room for', async (t) => {
    const { ask, clock, manager } = await crowd(t, { models: 1, room: 1 });
    const first = ask('m0', { rows: 999 });
    const [model] = manager.served;
    assert.ok(model !== undefined);
    assert.equal(await ask('m0', { rows: 2 }).outcome, 'QUEUE_FULL');
    assert.equal(manager.waitingRows(model), 999);
    await clock.advance(10);
    assert.deepEqual([await first.outcome, manager.waitingRows(model)], ['m0/1', 0]);
  });

  it('refuses what waits for it when it cannot be loaded', async (t) => {
    const { ask, backend, clock, manager } = await crowd(t, { models: 1, room: 1 });
    backend.onStart = () => Promise.reject(new Error('no such operator'));
    const { outcome } = ask('m0');
    await clock.settle();
    assert.equal(await outcome, 'MODEL_UNAVAILABLE');
    assert.equal(manager.served[0]?.reason, 'no such operator');
  });

  it('is not loaded if it takes more than there is for all, now or once it has loaded', async (t) => {
    const { ask, clock, manager } = await crowd(t, { models: { 'big/1/model.onnx': new Uint8Array(3e8) }, room: 2 });
    assert.equal(await ask('big').outcome, 'MODEL_UNAVAILABLE');
    assert.match(
      manager.served[0]?.reason ?? '',
      /takes about 295 MiB, and the memory budget of 200 MiB leaves 200 MiB/,
    );
    const half = await crowd(t, { models: 1, room: 0.5 });
    const { outcome } = half.ask('m0');
    await half.clock.advance(10);
    assert.equal(await outcome, 'MODEL_UNAVAILABLE');
    assert.match(half.manager.served[0]?.reason ?? '', /takes about 100 MiB/);
    assert.deepEqual([half.alive(), clock.pendingTimers], [[], 0]);
  });
});

describe('the memory budget', () => {
  it('is kept by unloading what was used longest ago', async (t) => {
    const { ask, clock, events, states } = await crowd(t, { models: 3, room: 2 });
    for (const name of ['m0', 'm1', 'm0', 'm2']) {
      const { outcome } = ask(name);
      await clock.advance(20);
      assert.equal(await outcome, `${name}/1`);
    }
    assert.deepEqual(states(), ['m0 READY', 'm1 EVICTED', 'm2 READY']);
    const [unloaded] = events.of('modelUnloaded');
    assert.deepEqual([unloaded?.model, unloaded?.cause, unloaded?.memoryBytes], ['m1', 'evicted', MODEL_BYTES]);
    assert.deepEqual(
      events.of('modelLoaded').map(({ model, durationMs, memoryBytes }) => [model, durationMs, memoryBytes]),
      ['m0', 'm1', 'm2'].map((name) => [name, 10, MODEL_BYTES]),
    );
  });

  it('never takes what is pinned, nor at first what has just come', async (t) => {
    const { ask, clock, states } = await crowd(t, {
      models: files({ pinned: 'memory: { pin: true }', a: '', b: '' }),
      room: 2,
      minResidencyMs: 500,
    });
    const loaded = [ask('pinned'), ask('a')];
    await clock.advance(20);
    await Promise.all(loaded.map(({ outcome }) => outcome));
    const { outcome } = ask('b');
    await clock.advance(400);
    assert.deepEqual(states(), ['a READY', 'b EVICTED', 'pinned READY']);
    await clock.advance(200);
    assert.equal(await outcome, 'b/1');
    assert.deepEqual(states(), ['a EVICTED', 'b READY', 'pinned READY']);
  });

  it('lets a model finish what it has accepted before it takes it', async (t) => {
    const { ask, backend, clock, manager, states } = await crowd(t, { models: 2, room: 1 });
    const first = ask('m0');
    await clock.advance(10);
    await first.outcome;
    const model = manager.served[0];
    assert.ok(model !== undefined);
    model.usage.hold(2);
    const second = ask('m1');
    await clock.advance(1_000);
    assert.deepEqual([states(), backend.last.destroyedWith], [['m0 UNLOADING', 'm1 EVICTED'], undefined]);
    model.usage.release();
    await clock.advance(1_000);
    assert.deepEqual(states(), ['m0 UNLOADING', 'm1 EVICTED']);
    // Whoever asks for it meanwhile waits until it can come back.
    const third = ask('m0');
    model.usage.release();
    await clock.advance(100);
    assert.deepEqual(await Promise.all([second.outcome, third.outcome]), ['m1/1', 'm0/1']);
    assert.deepEqual(states(), ['m0 READY', 'm1 EVICTED']);
  });

  it('gives a model that is not used for its time back', async (t) => {
    const { ask, clock, states, alive } = await crowd(t, {
      models: files({ a: '', b: 'memory: { ttl_ms: 200 }', c: 'memory: { pin: true }' }),
      room: 3,
      ttlMs: 1_000,
    });
    const asked = ['a', 'b', 'c'].map((name) => ask(name).outcome);
    await clock.advance(30);
    await Promise.all(asked);
    await clock.advance(200);
    assert.deepEqual(states(), ['a READY', 'b EVICTED', 'c READY']);
    await clock.advance(1_000);
    assert.deepEqual([states(), alive().length], [['a EVICTED', 'b EVICTED', 'c READY'], 1]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('is filled at start, and what does not fit loads on request', async (t) => {
    const { ask, clock, manager, states } = await crowd(t, { models: 4, room: 2, context: { loadAtStart: 'all' } });
    const loading = manager.loadAll();
    await clock.advance(100);
    await loading;
    assert.deepEqual([states(), manager.ready], [['m0 READY', 'm1 READY', 'm2 EVICTED', 'm3 EVICTED'], true]);
    const { outcome } = ask('m3');
    await clock.advance(100);
    assert.equal(await outcome, 'm3/1');
  });

  it('is held by thirty models in the room of five, and no request fails', async (t) => {
    const request = fc.record({ model: fc.nat(29), pauseMs: fc.nat(40), useMs: fc.nat(60) });
    const property = fc.asyncProperty(fc.array(request, { minLength: 20, maxLength: 60 }), async (requests) => {
      const { alive, ask, backend, clock, manager, events, stop } = await crowd(t, {
        models: 30,
        room: 5,
        minResidencyMs: 15,
      });
      const outcomes: Promise<string>[] = [];
      let most = 0;
      backend.onRun = async ({ x }) => {
        most = Math.max(most, alive().length);
        return x === undefined ? {} : { y: x };
      };
      const use = async (outcome: Promise<string>, model: ServedModel | undefined, ms: number) => {
        const answer = await outcome;
        model?.usage.hold();
        clock.after(ms, () => model?.usage.release());
        return `${answer} ${model?.state}`;
      };
      for (const { model: index, pauseMs, useMs } of requests) {
        const name = `m${index}`;
        const { outcome } = ask(name);
        outcomes.push(use(outcome, manager.own(name)?.versions[0], useMs));
        await clock.advance(pauseMs);
      }
      await clock.advance(60_000);
      const answers = await Promise.all(outcomes);
      assert.deepEqual(
        answers,
        requests.map(({ model }) => `m${model}/1 READY`),
      );
      assert.ok(most <= 5, `${most} models were loaded at once`);
      const loads = events.of('modelLoaded').length;
      assert.equal(
        events.of('modelUnloaded').length,
        loads - alive().length,
        'what was loaded is there or was unloaded',
      );
      await stop();
    });
    await fc.assert(property, propertyRuns(15));
  });
});

describe('an estimate', () => {
  it('is never below the files, and is corrected when the memory comes back', async (t) => {
    let resident = -RUNTIME_BYTES;
    const memory = { budgetBytes: 1e12, minResidencyMs: 0, ttlMs: 100, residentBytes: () => resident };
    const models = { 'm/1/model.onnx': new Uint8Array(1_000) };
    const { ask, backend, clock, manager } = await crowd(t, { models, room: 1, context: { memory } });
    const [model] = manager.served;
    assert.ok(model !== undefined);
    assert.equal(manager.loader.bytesOf(model), 1_000 + 9 * 2 ** 20, 'a guess');
    backend.onStart = async () => {
      // The runtime comes with the first model, and is no part of it.
      resident += 5_000 + RUNTIME_BYTES;
    };
    const load = async () => {
      const { outcome } = ask('m');
      await clock.settle();
      await outcome;
    };
    await load();
    assert.equal(manager.loader.bytesOf(model), 5_000, 'what the process grew by');
    // The allocator keeps most of it.
    backend.onRelease = async () => {
      await new Promise<void>((resolve) => void clock.after(10, resolve));
      resident -= 2_000;
    };
    await clock.advance(200);
    assert.equal(manager.loader.bytesOf(model), 3_500, 'the mean of both');
    backend.onStart = async () => undefined;
    await load();
    assert.equal(manager.loader.bytesOf(model), 1_000, 'it grew into what was kept');
  });
});
