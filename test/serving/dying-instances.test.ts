import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Clock, systemClock } from '#src/core/clock.js';
import { MillraceError } from '#src/core/errors.js';
import type { Backend } from '#src/runtime/backend.js';
import { OnnxBackend } from '#src/runtime/onnx-backend.js';
import type { BackendInstance } from '../support/fake-backend.js';
import { fakeServedModel } from '../support/fake-served-model.js';
import { startFaulty } from '../support/faulty-worker.js';
import { affine } from '../support/fixture-models.js';
import { patient, serveFolder } from '../support/served-folder.js';
import { fp32, plainAll } from '../support/tensors.js';

const row = () => ({ rows: 1, inputs: { x: fp32([1, 2], 1, 2) } });

/** The run ends the instance, and has no outcome of its own. */
function dieOf(reason: string, instance: BackendInstance): Promise<never> {
  instance.crash(reason);
  return new Promise(() => undefined);
}

describe('a model whose instances die', () => {
  it('runs the batch that ran, and what waits, on the replacement', async () => {
    const { model, backend, clock, events } = fakeServedModel({ yaml: { instances: { count: 1 } } });
    await model.load();
    const answer = backend.onRun;
    backend.onRun = (inputs, instance) => {
      return instance === backend.instances[0] ? dieOf('its heap was full', instance) : answer(inputs, instance);
    };
    const running = model.infer(row(), patient);
    await clock.settle();
    const waiting = model.infer(row(), patient);
    await clock.advance(100);
    for (const { outputs } of await Promise.all([running, waiting]))
      assert.deepEqual(plainAll(outputs), { y: { shape: [1, 2], values: [1, 2] } });
    assert.equal(model.state, 'READY');
    assert.deepEqual(
      events.of('instanceCrashed').map(({ reason }) => reason),
      ['its heap was full'],
    );
  });

  it('becomes UNAVAILABLE when they keep dying, and what waits fails with the reason', async () => {
    const { model, backend, clock } = fakeServedModel({ yaml: { instances: { count: 1 } } });
    await model.load();
    backend.onStart = () => Promise.reject(new Error('the file is gone'));
    backend.last.crash('its heap was full');
    await clock.settle();
    const waiting = assert.rejects(model.infer(row(), patient), {
      code: 'MODEL_UNAVAILABLE',
      message: /its instances keep dying; the last one: the file is gone/,
    });
    await clock.advance(100 + 200 + 400 + 800);
    await waiting;
    assert.equal(model.state, 'UNAVAILABLE');
  });

  it('becomes UNAVAILABLE also when they keep dying while it loads', async () => {
    const yaml = { instances: { count: 2 }, warmup: { enabled: false } };
    const { model, backend, clock } = fakeServedModel({ yaml });
    // The first instance dies of the probe and never loads again; the second loads only after that, and dies as well.
    backend.onRun = (_inputs, instance) => dieOf('its heap was full', instance);
    let starts = 0;
    backend.onStart = ({ name }) => {
      starts += 1;
      if (name.endsWith('#1')) return new Promise((resolve) => void clock.after(5_000, resolve));
      return starts === 1 ? Promise.resolve() : Promise.reject(new Error('the file is gone'));
    };
    const loading = model.load();
    await clock.advance(9_000);
    await loading;
    assert.equal(model.state, 'UNAVAILABLE');
    assert.match(model.reason ?? '', /keep dying/);
  });
});

describe('a model that cannot run what is made up for it', () => {
  const outcomes = [
    { what: 'its instance dies', reason: /its heap was full/ },
    { what: 'it takes more memory than there is', reason: /std::bad_alloc/ },
    { what: 'it takes too long', reason: /an execution took longer than 5000 ms/ },
  ];
  for (const { what, reason } of outcomes) {
    it(`is UNAVAILABLE: ${what}`, async () => {
      const yaml = { instances: { count: 1 }, limits: { execution_timeout_ms: 5_000 } };
      const { model, backend, clock } = fakeServedModel({ yaml });
      backend.onRun = (_inputs, instance) => {
        if (what === 'its instance dies') return dieOf('its heap was full', instance);
        if (what === 'it takes too long') return new Promise(() => undefined);
        throw new MillraceError('OUT_OF_MEMORY', 'The model raised an error: std::bad_alloc');
      };
      const loading = model.load();
      await clock.advance(5_000);
      await loading;
      assert.equal(model.state, 'UNAVAILABLE');
      assert.match(model.reason ?? '', reason);
    });
  }
});

/** Serves two models: the worker threads of `bad` die of every request, those of `good` of none. */
async function serveDying(t: TestContext) {
  const backend: Backend = {
    name: 'partly faulty',
    start: (spec, options) => {
      if (!spec.name.startsWith('bad/')) return new OnnxBackend().start(spec, options);
      return startFaulty('throws-on-run', spec, options);
    },
  };
  // Restarts come at once; what is longer than any pause before one stays as it is.
  const clock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms > 10_000 ? ms : 0, run) };
  // Without a warm-up it takes requests to kill them.
  const bad = { 'bad/model.onnx': affine(), 'bad/model.yaml': 'warmup: {enabled: false}' };
  const { manager, events } = await serveFolder(t, { ...bad, 'good.onnx': affine() }, { backend, clock });
  const [dying, good] = [manager.resolve('bad', undefined).model, manager.resolve('good', undefined).model];
  const ask = (first = 1) => ({ rows: 1, inputs: { x: fp32([1, 4], first, 2, 3, 4) } });
  return { manager, events, dying, good, ask };
}

describe('a model whose worker threads die', () => {
  it('refuses an input that killed them again and again, and stays READY', async (t) => {
    const { events, dying, ask } = await serveDying(t);
    // The first time its memory has gone with the thread; the second time it is known, and tried twice.
    for (let time = 0; time < 2; time += 1)
      await assert.rejects(dying.infer(ask(), patient), { code: 'INSTANCE_CRASHED' });
    await assert.rejects(dying.infer(ask(), patient), { code: 'INPUT_QUARANTINED' });
    assert.deepEqual([events.of('instanceCrashed').length, dying.state], [3, 'READY']);
  });

  it('becomes UNAVAILABLE after some crashes, and the others go on', async (t) => {
    const { manager, events, dying, good, ask } = await serveDying(t);
    let attempts = 0;
    for (; dying.state === 'READY'; attempts += 1) {
      const [failed, answered] = [dying.infer(ask(10 + attempts), patient), good.infer(ask(), patient)];
      await assert.rejects(failed, { code: 'INSTANCE_CRASHED' });
      assert.deepEqual(plainAll((await answered).outputs), { y: { shape: [1, 4], values: [3, 5, 7, 9] } });
    }
    const crashes = events.of('instanceCrashed');
    assert.equal(crashes.length, 5);
    assert.ok(attempts > 0 && crashes.every(({ model }) => model === 'bad'));
    assert.match(dying.reason ?? '', /keep dying; the last one: uncaught while it ran/);
    assert.throws(() => manager.resolve('bad', undefined), { code: 'MODEL_UNAVAILABLE' });
    assert.deepEqual([good.state, manager.ready], ['READY', true]);
  });
});
