import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { runSteps, type StepOutcome } from '#src/pipelines/run-steps.js';
import { Answer } from '#src/pipelines/step.js';
import { blamed } from '#src/pipelines/step-decorators.js';
import { fakeStep } from '../support/steps.js';

const refusal = new MillraceError('INVALID_INPUT', 'no');
const double = fakeStep({ run: (value) => `${value as string}${value as string}` });

/** What came of each item: the value, `answer …`, or the code of the error. */
const told = (outcomes: readonly StepOutcome[]) =>
  outcomes.map((outcome) => {
    if ('error' in outcome) return outcome.error.code;
    return outcome.result instanceof Answer ? `answer ${JSON.stringify(outcome.result.value)}` : outcome.result;
  });

describe('runSteps', () => {
  it('runs each step on all items, in order', async () => {
    const { outcomes } = await runSteps([double, double], ['a', 'b']);
    assert.deepEqual(told(outcomes), ['aaaa', 'bbbb']);
  });

  it('leaves alone what others fail at, and what has its answer', async () => {
    const step = fakeStep({
      run(value) {
        if (value === 'bad') throw refusal;
        return value === 'known' ? new Answer({ kind: 'labels' }, []) : value;
      },
    });
    const { outcomes } = await runSteps([step, double], ['a', 'bad', 'known', 'b']);
    assert.deepEqual(told(outcomes), ['aa', 'INVALID_INPUT', 'answer []', 'bb']);
  });

  it('uses what a step has for several items', async () => {
    const batches: unknown[] = [];
    const runBatch = (values: readonly unknown[]) => {
      batches.push(values);
      return values.map((value) => (value === 'bad' ? refusal : `batched ${value as string}`));
    };
    const { outcomes } = await runSteps([fakeStep({ runBatch }), double], ['a', 'bad', 'b']);
    assert.deepEqual(batches, [['a', 'bad', 'b']]);
    assert.deepEqual(told(outcomes), ['batched abatched a', 'INVALID_INPUT', 'batched bbatched b']);
  });

  it('fails all items of a batch that cannot be run, by the step’s name', async () => {
    const step = blamed(
      fakeStep({
        runBatch: () => {
          throw new Error('no memory');
        },
      }),
    );
    const { outcomes } = await runSteps([step], ['a', 'b']);
    assert.deepEqual(told(outcomes), ['STEP_FAILED', 'STEP_FAILED']);
  });
});

describe('a step that is blamed for its faults', () => {
  it('is named in the error, whose cause is for the log alone', async () => {
    for (const run of [() => Promise.reject(new Error('/etc/secret')), () => assert.fail('/etc/secret')]) {
      await assert.rejects(
        async () => blamed(fakeStep({ name: 'mine.mjs', run })).run('x'),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, 'STEP_FAILED');
          assert.match(error.message, /step mine\.mjs /);
          assert.doesNotMatch(error.message, /secret/);
          assert.match(String(error.cause), /secret/);
          return true;
        },
      );
    }
  });

  it('says itself when the item is at fault', () => {
    const step = blamed(
      fakeStep({
        run: () => {
          throw refusal;
        },
      }),
    );
    assert.throws(() => step.run('x'), refusal);
  });

  it('keeps its members, also those of a class', () => {
    class Counting {
      readonly name = 'counting';
      readonly gives = { kind: 'text' } as const;
      readonly runs = 'javascript';
      #runs = 0;
      run() {
        this.#runs += 1;
        return String(this.#runs);
      }
      effort() {
        return this.#runs;
      }
      sample() {
        return `sample ${this.#runs}`;
      }
    }
    const step = blamed(new Counting());
    assert.deepEqual([step.run(''), step.run(''), step.effort?.(''), step.sample?.()], ['1', '2', 2, 'sample 2']);
  });
});
