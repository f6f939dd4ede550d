import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { MillraceError } from '#src/core/errors.js';
import type { StepOutcome } from '#src/pipelines/run-steps.js';
import { StepPool } from '#src/pipelines/step-pool.js';
import type { OwnStep } from '#src/pipelines/step-protocol.js';
import { createModelFolder } from '../support/model-folder.js';
import { patient } from '../support/served-folder.js';

const ownSteps = {
  'shout.mjs': `
    export default {
      takes: 'text',
      gives: 'text',
      async run(text, options) {
        if (text === 'die') process.exit(3);
        if (text === 'hang') await new Promise(() => undefined);
        if (text === 'mine') setImmediate(() => process.exit(4));
        if (text === 'fail') throw new Error('/etc/secret');
        if (text === 'number') return 7;
        if (text === 'function') return { toString: () => 'x' };
        if (text === 'refuse') {
          throw Object.assign(new Error('Not this one.'), { code: 'INVALID_INPUT', path: '[2]', expected: 'another' });
        }
        return (options?.prefix ?? '') + text.toUpperCase();
      },
    };`,
  'measure.mjs': `
    export default {
      takes: 'text',
      gives: { kind: 'tensor', datatype: 'FP32', shape: [1] },
      run: (text) => ({ datatype: 'FP32', shape: [1], data: Float32Array.of(text.length) }),
    };`,
};

/** A pool of one thread that knows a pipeline of own steps, until the test is over. */
async function poolOf(t: TestContext, options: object = {}) {
  const folder = await createModelFolder(ownSteps);
  const pool = new StepPool(1);
  t.after(async () => {
    pool.close();
    await folder.remove();
  });
  const urlOf = (file: string) => pathToFileURL(`${folder.dir}/${file}`).href;
  const code = new Map<string, OwnStep>();
  for (const file of Object.keys(ownSteps))
    code.set(file, { url: urlOf(file), ...(await pool.describe(file, urlOf(file))) });
  const pipeline = pool.define({
    config: { preprocess: [{ 'shout.mjs': options }, 'measure.mjs'], postprocess: [] },
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
    outputs: [],
    files: new Map(),
    code,
  });
  const run = async (text: string, { to = 1, signal = patient } = {}) => {
    const range = { pipeline, chain: 'preprocess:text', from: 0, to };
    return (await pool.run(range, text, signal)).outcome;
  };
  return { pool, pipeline, run };
}

const resultOf = (outcome: StepOutcome) => ('error' in outcome ? outcome.error.code : outcome.result);

function errorOf(outcome: StepOutcome): MillraceError {
  assert.ok('error' in outcome, 'it went well');
  return outcome.error;
}

describe('StepPool', () => {
  it('runs steps in a thread, each item for itself', async (t) => {
    const { run } = await poolOf(t, { prefix: '> ' });
    const outcomes = await Promise.all(['a', 'b', 'refuse', 'c'].map((text) => run(text)));
    assert.deepEqual(outcomes.map(resultOf), ['> A', '> B', 'INVALID_INPUT', '> C']);
  });

  it('says how much waits, and how many threads are busy', async (t) => {
    const { pool, run } = await poolOf(t);
    const items = ['a', 'b', 'c'].map((text) => run(text));
    assert.deepEqual(pool.load, { waiting: 2, busy: 1 });
    await Promise.all(items);
    assert.deepEqual(pool.load, { waiting: 0, busy: 0 });
  });

  it('runs several steps in one go, and brings tensors back', async (t) => {
    const { run } = await poolOf(t);
    assert.deepEqual(resultOf(await run('abc', { to: 2 })), {
      datatype: 'FP32',
      shape: [1],
      data: Float32Array.of(3),
    });
  });

  it('brings back why an item is at fault', async (t) => {
    const { run } = await poolOf(t);
    const { message, details } = errorOf(await run('refuse'));
    assert.deepEqual([message, details], ['Not this one.', { path: '[2]', expected: 'another' }]);
  });

  for (const [text, cause] of [
    ['fail', /secret/],
    ['number', /gives text and returned number that is none/],
    ['function', /gives text and returned object that is none/],
  ] as const) {
    it(`names the step that is at fault itself, its cause for the log: ${text}`, async (t) => {
      const { run } = await poolOf(t);
      const error = errorOf(await run(text));
      assert.deepEqual([error.code, /shout\.mjs/.test(error.message)], ['STEP_FAILED', true]);
      assert.match(String(error.cause), cause);
      assert.doesNotMatch(error.message, /secret/);
    });
  }

  it('fails only the item that its thread died of, and starts another thread', async (t) => {
    const { run } = await poolOf(t);
    // The first keeps the thread, so that the others go there together.
    const outcomes = await Promise.all(['first', 'a', 'die', 'b'].map((text) => run(text)));
    assert.deepEqual(outcomes.map(resultOf), ['FIRST', 'A', 'STEP_FAILED', 'B']);
    assert.match(String(errorOf(outcomes[2] as StepOutcome).cause), /thread that ran it ended/);
  });

  it('begins nothing that nobody waits for', async (t) => {
    const { run } = await poolOf(t);
    const left = new AbortController();
    const [first, gone] = [run('first'), run('die', { signal: left.signal })];
    left.abort();
    assert.equal(resultOf(await gone), 'CANCELLED');
    assert.equal(resultOf(await first), 'FIRST');
    assert.equal(resultOf(await run('next')), 'NEXT');
  });

  it('lets go at once of an item that nobody waits for, and of a thread that hangs with it', async (t) => {
    const { run } = await poolOf(t);
    const left = new AbortController();
    const hung = run('hang', { signal: left.signal });
    const next = run('next');
    left.abort();
    assert.equal(resultOf(await hung), 'CANCELLED');
    assert.equal(resultOf(await next), 'NEXT');
  });

  it('blames no item for what an earlier one left behind', async (t) => {
    const { run } = await poolOf(t);
    const outcomes = [await run('mine'), await run('a'), await run('b')];
    assert.deepEqual(outcomes.map(resultOf), ['MINE', 'A', 'B']);
  });

  it('fails what comes for a pipeline that was forgotten', async (t) => {
    const { pool, pipeline, run } = await poolOf(t);
    assert.equal(resultOf(await run('a')), 'A');
    pool.forget(pipeline);
    assert.equal(errorOf(await run('a')).code, 'MODEL_UNAVAILABLE');
  });

  it('fails what waits and what comes when it is closed', async (t) => {
    const { pool, run } = await poolOf(t);
    const waiting = [run('a'), run('b')];
    pool.close();
    assert.deepEqual((await Promise.all(waiting)).map(resultOf), ['MODEL_UNAVAILABLE', 'MODEL_UNAVAILABLE']);
    assert.equal(resultOf(await run('c')), 'MODEL_UNAVAILABLE');
  });
});
