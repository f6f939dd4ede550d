import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { Slots } from '#src/core/slots.js';
import { chainOf } from '#src/pipelines/pipeline.js';
import { Answer, type Step } from '#src/pipelines/step.js';
import type { StepPool } from '#src/pipelines/step-pool.js';
import type { StepRange } from '#src/pipelines/step-protocol.js';
import { StepRunner } from '#src/pipelines/step-runner.js';
import { patient } from '../support/served-folder.js';
import { fakeStep } from '../support/steps.js';

/** A runner for these steps, and a pool that only writes down what it is asked to do. */
function runnerFor(steps: readonly Step[]) {
  const asked: string[] = [];
  const pool = {
    run: async ({ from, to }: StepRange, value: string) => {
      asked.push(`${from} to ${to}: ${value}`);
      return { outcome: { result: `${value} from the pool` }, firstMs: 0.01 };
    },
  } as unknown as StepPool;
  const runner = new StepRunner(
    chainOf('test', { kind: 'text' }, steps),
    { shared: 1, own: 1 },
    { pool, own: pool, native: new Slots(1) },
  );
  return { runner, asked };
}

const add = (text: string, members: Partial<Step> = {}) =>
  fakeStep({ run: (value) => `${value as string} ${text}`, ...members });
/** Keeps the thread for a time that no machine is too fast for. */
const slow = (text: string) =>
  add(text, {
    run: (value) => {
      const until = performance.now() + 2;
      while (performance.now() < until);
      return `${value as string} ${text}`;
    },
  });

describe('StepRunner', () => {
  it('runs steps of plain JavaScript on this thread while nothing speaks against it', async () => {
    const { runner, asked } = runnerFor([add('b'), add('c')]);
    assert.equal(await runner.run('a', patient), 'a b c');
    assert.deepEqual(asked, []);
  });

  it('waits for native steps, no more at once than there are places', async () => {
    let under = 0;
    const native = add('n', {
      runs: 'native',
      run: async (value) => {
        under += 1;
        assert.equal(under, 1);
        await new Promise((resolve) => setImmediate(resolve));
        under -= 1;
        return `${value as string} n`;
      },
    });
    const { runner } = runnerFor([native, add('c')]);
    assert.deepEqual(await Promise.all([runner.run('a', patient), runner.run('b', patient)]), ['a n c', 'b n c']);
  });

  it('leaves own steps to the pool, with all that follows them there', async () => {
    const { runner, asked } = runnerFor([
      add('b'),
      add('own', { runs: 'own' }),
      add('c'),
      add('n', { runs: 'native' }),
    ]);
    assert.equal(await runner.run('a', patient), 'a b from the pool n');
    assert.deepEqual(asked, ['1 to 3: a b']);
  });

  it('sends a step to the pool once it has measured that it takes long', async () => {
    const { runner, asked } = runnerFor([slow('b')]);
    await runner.measure('a', { runs: 4, signal: patient });
    assert.ok((runner.predict(0, 'a') ?? 0) >= 2);
    assert.equal(await runner.run('a', patient), 'a from the pool');
    assert.deepEqual(asked, ['0 to 1: a']);
  });

  it('takes a step back when the pool finds it quick', async () => {
    const { runner, asked } = runnerFor([slow('b')]);
    await runner.measure('a', { runs: 4, signal: patient });
    const results: unknown[] = [];
    // Sent to the pool again and again, where it takes 0.01 ms, it is soon expected to do so here.
    while (results.length < 1_000 && results.at(-1) !== 'a b') results.push(await runner.run('a', patient));
    assert.equal(results.at(-1), 'a b');
    assert.equal(asked.length, results.length - 1);
  });

  it('ends where there is an answer', async () => {
    const answer = new Answer({ kind: 'labels' }, []);
    const { runner } = runnerFor([add('b', { run: () => answer }), add('c', { run: () => assert.fail('it went on') })]);
    assert.equal(await runner.run('a', patient), answer);
  });

  it('begins no step that nobody waits for', async () => {
    const left = new AbortController();
    const reason = new MillraceError('CLIENT_CLOSED_REQUEST', 'gone');
    const leave = add('b', {
      run: (value) => {
        left.abort(reason);
        return value;
      },
    });
    const { runner } = runnerFor([leave, add('c', { run: () => assert.fail('it went on') })]);
    await assert.rejects(runner.run('a', left.signal), reason);
  });

  it('runs no native step for someone who left in the line for a place', async () => {
    const left = new AbortController();
    let runs = 0;
    let end: () => void = () => undefined;
    const native = add('n', {
      runs: 'native',
      run: (value) => {
        runs += 1;
        return new Promise((resolve) => {
          end = () => resolve(value);
        });
      },
    });
    const { runner } = runnerFor([native]);
    const [first, second] = [runner.run('a', patient), runner.run('b', left.signal)];
    left.abort(new MillraceError('DEADLINE_EXCEEDED', 'late'));
    end();
    await assert.rejects(second, { code: 'DEADLINE_EXCEEDED' });
    assert.deepEqual([await first, runs], ['a', 1]);
  });
});
