import assert from 'node:assert/strict';
import type { Clock } from '#src/core/clock.js';
import { type ErrorCode, MillraceError } from '#src/core/errors.js';
import type { JobOutcome, JobRequest } from '#src/jobs/job-request.js';
import { type NamedTensors, totalBytes } from '#src/tensor/tensor.js';
import type { FakeBatch } from '../support/fake-instances.js';
import { answerTo, type FakeModel, scaledRows } from '../support/fake-model.js';
import type { JobChoice } from './serving-program.js';

/** All that the test knows of one job that it asked for. */
export interface Entry {
  readonly id: string;
  readonly model: FakeModel;
  readonly choice: JobChoice;
  readonly rows: number;
  readonly bytes: number;
  /** What the job must give, worked out from its own input alone. */
  readonly answer: NamedTensors;
  readonly deadlineAt: number;
  readonly outcomes: JobOutcome[];
  accepted: boolean;
  /** By whom it was ended before it settled, if it was. */
  endedBy: ErrorCode | undefined;
  /** The batches that it ran in: one that failed may have been followed by another. */
  readonly batches: FakeBatch[];
}

/** Numbers of a job's rows, so that each tells whose it is. */
const NUMBERS_PER_JOB = 64;

/**
 * Every job that was asked for, and what became of it. Outcomes and batches are checked as they come (invariants I1,
 * I2, I4, I5), and what is wrong is kept until somebody asks: those who call must not throw.
 */
export class JobLedger {
  readonly entries: Entry[] = [];
  /** Codes that any job may fail with from now on. */
  readonly general = new Set<ErrorCode>();
  readonly #clock: Clock;
  readonly #violations: unknown[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens an entry for a job of this id, and gives what to submit. */
  open(id: string, model: FakeModel, { axis, choice }: { axis: 0 | 1; choice: JobChoice }): JobRequest {
    const first = this.entries.length * NUMBERS_PER_JOB;
    const rows = Array.from({ length: choice.rows }, (_, row) =>
      Array.from({ length: choice.width }, (_, column) => first + row * choice.width + column),
    );
    const input = scaledRows(rows, { scale: choice.scale, axis });
    const entry: Entry = {
      id,
      model,
      choice,
      rows: choice.misfit ? 0 : choice.rows,
      bytes: choice.misfit ? 0 : totalBytes(input.inputs),
      answer: answerTo(input),
      deadlineAt: this.#clock.now() + choice.timeoutMs,
      outcomes: [],
      accepted: false,
      endedBy: undefined,
      batches: [],
    };
    this.entries.push(entry);
    return {
      id,
      input: choice.misfit ? new MillraceError('INVALID_INPUT', `the input of ${id} does not fit`) : input,
      endpoint: { kind: 'response', deliver: (outcome) => this.#check(() => this.#settle(entry, outcome)) },
      priority: choice.priority,
      timeoutMs: choice.timeoutMs,
      receivedAt: this.#clock.now(),
      tenant: undefined,
    };
  }

  get unsettled(): Entry[] {
    return this.entries.filter(isUnsettled);
  }

  /** A batch was formed: is everyone in it allowed to be, and together? */
  form(model: FakeModel, maxBatchSize: number, batch: FakeBatch): void {
    const { x, scale } = batch.inputs;
    const numbers = Array.from(x?.data as Float32Array);
    const members = [...new Set(numbers.map((number) => Math.floor(number / NUMBERS_PER_JOB)))].map(
      (index) => this.entries[index] as Entry,
    );
    for (const entry of members) {
      const { id, choice } = entry;
      assert.equal(entry.model, model, `I2: ${id} ran on another model`);
      assert.ok(!choice.misfit, `I5: ${id} was executed although its input does not fit`);
      assert.deepEqual([entry.outcomes, entry.endedBy], [[], undefined], `I4: ${id} was executed after it had ended`);
      assert.ok(this.#clock.now() <= entry.deadlineAt, `I4: ${id} was executed after its deadline`);
      assert.equal(choice.scale, scale?.data[0], `I2: ${id} was executed with another's shared input`);
      assert.equal(choice.width, members[0]?.choice.width, `I2: ${id} was executed with rows of another shape`);
      const own = new Set(this.#numbersOf(entry, batch));
      const before = entry.batches.filter((other) => this.#numbersOf(entry, other).some((number) => own.has(number)));
      const mayRun = before.every(({ state }) => state === 'failed' || state === 'crashed');
      assert.ok(mayRun, `I1: rows of ${id} were executed again after ${before.map(({ state }) => state).join(', ')}`);
      entry.batches.push(batch);
    }
    const rows = numbers.length / (members[0]?.choice.width ?? 0);
    assert.ok(rows <= maxBatchSize, `a batch of ${rows} rows, where ${maxBatchSize} are allowed`);
  }

  /** Throws what went wrong first, if anything did. */
  assertSound(): void {
    if (this.#violations.length > 0) throw this.#violations[0];
  }

  #settle(entry: Entry, outcome: JobOutcome): void {
    entry.outcomes.push(outcome);
    const { id, batches, choice } = entry;
    assert.ok(entry.accepted, `I1: ${id} settled before it was accepted`);
    assert.equal(entry.outcomes.length, 1, `I1: ${id} settled ${entry.outcomes.length} times`);
    if (outcome.state === 'succeeded') {
      const done = batches
        .filter(({ state }) => state === 'finished')
        .flatMap((batch) => this.#numbersOf(entry, batch));
      const isDone = new Set(done).size === choice.rows * choice.width && done.length === choice.rows * choice.width;
      assert.ok(isDone, `${id} succeeded without batches that ran each of its rows well, once`);
      assert.deepEqual(outcome.outputs, entry.answer, `I2: ${id} got an answer that is not its own`);
      return;
    }
    const { code } = outcome.error;
    assert.ok(this.#reasons(entry).has(code), `I5: ${id} has no reason to fail with ${code}`);
    assert.equal(outcome.state, code === 'CANCELLED' || code === 'CLIENT_CLOSED_REQUEST' ? 'cancelled' : 'failed');
  }

  /** The codes that a job may fail with, for what has happened to it. */
  #reasons(entry: Entry): Set<ErrorCode> {
    const { choice, deadlineAt, endedBy, batches } = entry;
    const reasons = new Set(this.general);
    if (choice.misfit) reasons.add('INVALID_INPUT');
    if (this.#clock.now() >= deadlineAt) reasons.add('DEADLINE_EXCEEDED');
    if (endedBy !== undefined) reasons.add(endedBy);
    // An error that may be another's is nobody's until the job has failed alone.
    const index = this.entries.indexOf(entry);
    if (batches.some((batch) => batch.state === 'failed' && holdsOnly(batch, index))) reasons.add('EXECUTION_FAILED');
    if (batches.some(({ state }) => state === 'crashed')) reasons.add('INSTANCE_CRASHED');
    return reasons;
  }

  /** The numbers of a job in a batch. */
  #numbersOf(entry: Entry, { inputs }: FakeBatch): number[] {
    const index = this.entries.indexOf(entry);
    const numbers = Array.from(inputs['x']?.data as Float32Array);
    return numbers.filter((number) => Math.floor(number / NUMBERS_PER_JOB) === index);
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violations.push(error);
    }
  }
}

/** Whether all numbers of a batch are those of one entry. */
function holdsOnly({ inputs }: FakeBatch, index: number): boolean {
  const numbers = inputs['x']?.data as Float32Array;
  return numbers.every((number) => Math.floor(number / NUMBERS_PER_JOB) === index);
}

export function isUnsettled({ accepted, outcomes }: Entry): boolean {
  return accepted && outcomes.length === 0;
}

export function sum(entries: readonly Entry[], what: 'rows' | 'bytes'): number {
  return entries.reduce((total, entry) => total + entry[what], 0);
}
