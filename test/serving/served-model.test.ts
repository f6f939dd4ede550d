import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeServedModel } from '../support/fake-served-model.js';
import { patient } from '../support/served-folder.js';
import { fp32, plainAll } from '../support/tensors.js';

const row = () => ({ rows: 1, inputs: { x: fp32([1, 2], 1, 2) } });

describe('ServedModel.load', () => {
  it('leads to READY once every instance is loaded and warmed up, and leaves no timer behind', async () => {
    const { model, backend, clock, states } = fakeServedModel({ yaml: { instances: { count: 3 } } });
    const batches = new Map<string, number[]>();
    backend.onRun = async ({ x }, { name }) => {
      assert.ok(x !== undefined);
      assert.equal(model.state, 'LOADING');
      batches.set(name, [...(batches.get(name) ?? []), x.shape[0] as number]);
      return { y: x };
    };
    await model.load();
    assert.deepEqual(states(), ['nothing → LOADING', 'LOADING → READY']);
    assert.equal(clock.pendingTimers, 0);
    // The first one was asked before whether rows are independent: three alone, and the three together.
    assert.deepEqual(Object.fromEntries(batches), {
      'fake/1#0': [1, 1, 1, 3, 1, 2, 4, 8, 16],
      'fake/1#1': [1, 2, 4, 8, 16],
      'fake/1#2': [1, 2, 4, 8, 16],
    });
    assert.equal(model.concurrency, 2 * 3 * 16);
  });

  it("takes the server's number of instances where model.yaml gives none", async () => {
    const { model, backend } = fakeServedModel();
    await model.load();
    assert.equal(backend.instances.length, 2);
  });

  it('takes one instance on another provider than the CPU where model.yaml gives none', async () => {
    const probe = { availability: async () => ({ available: true }) as const };
    const { model, backend } = fakeServedModel({ probe });
    await model.load();
    assert.deepEqual([backend.instances.length, model.loaded?.provider], [1, 'cuda']);
  });

  it('skips the warm-up where model.yaml says so', async () => {
    const { model, backend } = fakeServedModel({
      yaml: { warmup: { enabled: false }, batching: { rows_independent: true } },
    });
    backend.onRun = () => assert.fail('nothing should run');
    await model.load();
    assert.equal(model.state, 'READY');
  });

  it('goes on to READY when the warm-up fails, and says so', async () => {
    const { model, backend, notices } = fakeServedModel({ yaml: { batching: { max_batch_size: 1 } } });
    backend.onRun = () => Promise.reject(new Error('no such id'));
    await model.load();
    assert.equal(model.state, 'READY');
    assert.ok(notices().includes('warm-up of fake/1#0 with generated inputs failed: no such id'), notices().join('\n'));
  });

  it('ends every instance when one of them cannot be loaded', async () => {
    const { model, backend } = fakeServedModel({ yaml: { instances: { count: 3 } } });
    backend.onStart = ({ name }) => {
      return name.endsWith('#2') ? Promise.reject(new Error('out of memory in /srv/m/model.onnx')) : Promise.resolve();
    };
    await model.load();
    assert.deepEqual([model.state, model.reason], ['UNAVAILABLE', 'out of memory in model.onnx']);
    assert.equal(backend.instances.length, 2);
    for (const { destroyedWith } of backend.instances) assert.notEqual(destroyedWith, undefined);
  });

  it('is over when the time for it is, and what loads afterwards is ended', async () => {
    const { model, backend, clock, states } = fakeServedModel({ yaml: { limits: { load_timeout_ms: 500 } } });
    backend.onStart = () => new Promise((resolve) => void clock.after(800, resolve));
    const loading = model.load();
    await clock.advance(499);
    assert.equal(model.state, 'LOADING');
    await clock.advance(1);
    assert.equal(model.state, 'UNAVAILABLE');
    assert.match(model.reason ?? '', /within 500 ms/);
    await clock.advance(300);
    await loading;
    assert.notEqual(backend.last.destroyedWith, undefined);
    assert.deepEqual(states(), ['nothing → LOADING', 'LOADING → UNAVAILABLE']);
  });

  it('is over when the time for it is, also where the backend never answers', async () => {
    const { model, backend, clock } = fakeServedModel();
    backend.onStart = () => new Promise(() => undefined);
    let settled = false;
    void model.load().finally(() => {
      settled = true;
    });
    await clock.advance(10_000);
    assert.deepEqual([model.state, settled], ['UNAVAILABLE', true]);
  });

  it('starts no instance, or ends it, where the model was unloaded while its providers were looked for', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<{ available: false; reason: string }>((resolve) => {
      answer = () => resolve({ available: false, reason: 'no GPU' });
    });
    const { model, backend, clock } = fakeServedModel({ probe: { availability: () => asked } });
    const loading = model.load();
    await clock.settle();
    model.destroy();
    answer();
    await loading;
    assert.equal(model.state, 'UNAVAILABLE');
    const living = backend.instances.filter(({ destroyedWith }) => destroyedWith === undefined);
    assert.deepEqual(living, []);
  });
});

describe('ServedModel.infer', () => {
  it('answers once the model is READY, and before says when to come again', async () => {
    const { model, clock } = fakeServedModel();
    const early = { code: 'MODEL_UNAVAILABLE', message: /is loading/, details: { retryAfterMs: 1_000 } };
    await assert.rejects(model.infer(row(), patient), early);
    await model.load();
    const answered = model.infer(row(), patient);
    await clock.settle();
    assert.deepEqual(plainAll((await answered).outputs), { y: { shape: [1, 2], values: [1, 2] } });
  });

  it('gives the reason where the model is UNAVAILABLE', async () => {
    const { model, backend } = fakeServedModel();
    backend.onStart = () => Promise.reject(new Error('no such operator'));
    await model.load();
    const expected = { code: 'MODEL_UNAVAILABLE', message: 'Model fake, version 1, is unavailable: no such operator.' };
    await assert.rejects(model.infer(row(), patient), expected);
  });
});

describe('ServedModel.destroy', () => {
  it('ends the instances and fails what waits, once', async () => {
    const { model, backend, clock, states } = fakeServedModel({ yaml: { instances: { count: 1 } } });
    await model.load();
    backend.onRun = () => new Promise(() => undefined);
    const unloaded = { code: 'MODEL_UNAVAILABLE', message: /unloaded/ };
    const running = assert.rejects(model.infer(row(), patient), unloaded);
    await clock.settle();
    const waiting = assert.rejects(model.infer(row(), patient), unloaded);
    model.destroy();
    model.destroy();
    await Promise.all([running, waiting]);
    assert.equal(backend.last.destroyedWith, 'it was unloaded');
    assert.deepEqual(states().slice(2), ['READY → UNLOADING', 'UNLOADING → UNAVAILABLE']);
  });
});
