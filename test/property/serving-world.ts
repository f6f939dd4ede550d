import assert from 'node:assert/strict';
import { greedyPolicy, staticPolicy } from '#src/batching/batch-policy.js';
import { type ErrorCode, MillraceError } from '#src/core/errors.js';
import { noEvents } from '#src/core/events.js';
import { type JobHandle, JobService } from '#src/jobs/job-service.js';
import { FakeModel } from '../support/fake-model.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { type Entry, isUnsettled, JobLedger, sum } from './job-ledger.js';
import { checkBounds, checkSettled, type ModelState, readingOf, type WorldState } from './serving-checks.js';
import type { Ending, JobChoice, Program, Step } from './serving-program.js';

/** What one client sent: a single job, or a group. */
interface Submission {
  readonly id: string;
  readonly isGroup: boolean;
  readonly entries: readonly Entry[];
  readonly handles: readonly JobHandle[];
}

/** Plays a program on the real job service, queues and batchers, over fake instances, and checks at every step. */
export class ServingWorld implements WorldState {
  readonly clock = new VirtualClock();
  readonly ledger = new JobLedger(this.clock);
  readonly service = new JobService({ clock: this.clock, events: noEvents });
  readonly models: readonly ModelState[];
  readonly #submissions: Submission[] = [];
  #ids = 0;
  #closed = false;

  constructor({ models }: Program) {
    this.models = models.map((choice, index) => {
      const { delayMs, queueRows, queueBytes, ...rest } = choice;
      const policy = delayMs === undefined ? greedyPolicy : staticPolicy(delayMs);
      const limits = { queueRows, queueBytes };
      const model = new FakeModel({ ...rest, clock: this.clock, name: `model-${index}`, policy, limits });
      model.instances.onRun = (batch) => this.ledger.form(model, choice.maxBatchSize, batch);
      return { model, choice };
    });
  }

  async play({ steps, ending }: Program): Promise<void> {
    for (const step of steps) {
      await this.#do(step);
      checkBounds(this);
    }
    await this.#end(ending);
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'submit':
        return this.#submit(step.model, [step.job], { isGroup: false, reuse: step.reuse });
      case 'submitGroup':
        return this.#submit(step.model, step.jobs, { isGroup: true, reuse: step.reuse });
      case 'cancel':
        return this.#cancel(pick(this.#submissions, step.choice));
      case 'leave':
        return this.#leave(pick(this.#submissions, step.choice));
      case 'finish':
      case 'fail':
      case 'crash':
        return pick(this.#running, step.choice)?.[step.kind]();
      case 'crashIdle':
        this.#world(step.model).model.instances.crashIdle();
        return;
      case 'restart':
        return this.#restart(this.#world(step.model));
      case 'settle':
        await this.clock.settle();
        return checkSettled(this);
      case 'advance':
        await this.clock.advance(step.ms);
        return checkSettled(this);
    }
  }

  #submit(
    which: number,
    jobs: readonly JobChoice[],
    { isGroup, reuse }: { isGroup: boolean; reuse: number | undefined },
  ): void {
    const { model, choice } = this.#world(which);
    const earlier = this.#submissions.filter((submission) => submission.isGroup === isGroup);
    const id = (reuse === undefined ? undefined : pick(earlier, reuse)?.id) ?? this.#newId(isGroup);
    const before = this.ledger.entries.length;
    const requests = jobs.map((job, index) =>
      this.ledger.open(isGroup ? `${id}.${index}` : id, model, { axis: choice.axis, choice: job }),
    );
    const entries = this.ledger.entries.slice(before);
    const refusal = this.#expectedRefusal({ model, choice }, { id, isGroup, entries });
    if (refusal !== undefined) {
      this.#expectRefusal(refusal, () => this.service.submit(model, requests, isGroup ? id : undefined));
      return;
    }
    const handles = this.#submitOrRefuse({ model, choice }, () =>
      this.service.submit(model, requests, isGroup ? id : undefined),
    );
    if (handles === undefined) return;
    for (const entry of entries) entry.accepted = true;
    this.#submissions.push({ id, isGroup, entries, handles });
  }

  /** Why the service must refuse the jobs, if it must. */
  #expectedRefusal(
    { model, choice }: ModelState,
    { id, isGroup, entries }: Omit<Submission, 'handles'>,
  ): ErrorCode | undefined {
    const ids = new Set(entries.map((entry) => entry.id));
    const isInFlight = (submission: Submission) => submission.entries.some(isUnsettled);
    if (isGroup && this.#submissions.some((submission) => submission.id === id && isInFlight(submission)))
      return 'JOB_ID_IN_USE';
    if (this.ledger.unsettled.some((entry) => ids.has(entry.id))) return 'JOB_ID_IN_USE';
    const [rows, bytes] = [sum(entries, 'rows'), sum(entries, 'bytes')];
    if (rows > choice.queueRows || bytes > choice.queueBytes) return 'TOO_MANY_ROWS';
    const taken = readingOf(this, model);
    const fits = taken.takenRows + rows <= choice.queueRows && taken.takenBytes + bytes <= choice.queueBytes;
    return fits ? undefined : 'QUEUE_FULL';
  }

  /** A queue that is not full may still be too long for the job: how long it expects that to be is tested elsewhere. */
  #submitOrRefuse({ model, choice }: ModelState, submit: () => JobHandle[]): JobHandle[] | undefined {
    const { takenRows } = readingOf(this, model);
    try {
      return submit();
    } catch (error) {
      assert.match((error as Error).message, /is too long/);
      assert.ok(takenRows >= choice.concurrency, 'a job is refused although nothing is before it');
      return undefined;
    }
  }

  #expectRefusal(expected: ErrorCode, submit: () => void): void {
    assert.throws(submit, ({ code, details: { retryAfterMs } }: MillraceError) => {
      assert.equal(code, expected);
      if (code === 'QUEUE_FULL')
        assert.ok(retryAfterMs !== undefined && retryAfterMs >= 1000 && retryAfterMs <= 60_000);
      return true;
    });
  }

  #cancel(submission: Submission | undefined): void {
    if (submission === undefined) return;
    const latest = this.#submissions.findLast(({ id }) => id === submission.id) as Submission;
    const live = latest.entries.filter(isUnsettled);
    if (live.length === 0) {
      assert.throws(() => this.service.cancel(latest.id), { code: 'JOB_FINISHED' });
      return;
    }
    for (const entry of live) entry.endedBy = 'CANCELLED';
    this.service.cancel(latest.id);
    assert.ok(!live.some(isUnsettled), 'a job that is cancelled settles at once');
  }

  #leave(submission: Submission | undefined): void {
    for (const entry of submission?.entries ?? []) if (isUnsettled(entry)) entry.endedBy = 'CLIENT_CLOSED_REQUEST';
    const gone = new MillraceError('CLIENT_CLOSED_REQUEST', 'the client left');
    for (const handle of submission?.handles ?? []) handle.cancel(gone);
    assert.ok(!submission?.entries.some(isUnsettled), 'a job whose client leaves settles at once');
  }

  /** The instances that died come back. */
  #restart({ model, choice }: ModelState): void {
    const { instances } = model;
    while (instances.idle + instances.busy < choice.instances) instances.start();
  }

  /** Ends what is left, and checks that nothing stays behind. */
  async #end(ending: Ending): Promise<void> {
    const closing = this.service.close().then(() => (this.#closed = true));
    if (ending === 'destroy') {
      this.ledger.general.add('SHUTTING_DOWN');
      this.service.destroy(new MillraceError('SHUTTING_DOWN', 'the server ends'));
      assert.deepEqual(this.ledger.unsettled, []);
    }
    if (ending === 'unload') {
      this.ledger.general.add('MODEL_UNAVAILABLE');
      const unloaded = new MillraceError('MODEL_UNAVAILABLE', 'the model was unloaded');
      for (const { model } of this.models) model.batcher.destroy(unloaded);
    }
    await this.#drain();
    checkBounds(this);
    checkSettled(this);
    for (const { id, accepted, outcomes } of this.ledger.entries)
      assert.equal(outcomes.length, accepted ? 1 : 0, `I1: ${id} settled ${outcomes.length} times`);
    for (const { model, choice } of this.models) assert.equal(model.instances.idle, choice.instances);
    await this.clock.advance(1000);
    assert.deepEqual([this.#closed, this.clock.pendingTimers, this.#running.length], [true, 0, 0]);
    await closing;
  }

  /** Finishes batch after batch until no job is left; time moves only when nothing else can. */
  async #drain(): Promise<void> {
    for (let round = 0; ; round += 1) {
      assert.ok(round < 1000, 'I1: jobs are left that never settle');
      for (const world of this.models) this.#restart(world);
      await this.clock.settle();
      assert.equal(this.#closed, this.ledger.unsettled.length === 0, 'close is done when every job has settled');
      if (this.#running.length > 0) for (const batch of this.#running) batch.finish();
      else if (this.ledger.unsettled.length === 0) return;
      else await this.clock.advance(1);
    }
  }

  get #running() {
    return this.models.flatMap(({ model }) => model.instances.running);
  }

  #world(choice: number): ModelState {
    return pick(this.models, choice) as ModelState;
  }

  #newId(isGroup: boolean): string {
    this.#ids += 1;
    return `${isGroup ? 'group' : 'job'}-${this.#ids}`;
  }
}

function pick<Item>(items: readonly Item[], choice: number): Item | undefined {
  return items[choice % items.length];
}
