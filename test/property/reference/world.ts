import assert from 'node:assert/strict';
import type { BatchRunner } from '#src/batching/batch-execution.js';
import { greedyPolicy, staticPolicy } from '#src/batching/batch-policy.js';
import { DynamicBatcher } from '#src/batching/dynamic-batcher.js';
import type { EventSink } from '#src/core/events.js';
import type { JobOutcome, JobProcessor } from '#src/jobs/job-request.js';
import { JobService } from '#src/jobs/job-service.js';
import { answerTo, scaledRows } from '../../support/fake-model.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { ManualPool } from './manual-pool.js';
import type { Arrival, Program, Setup, Step } from './program.js';
import { ReferenceQueue, type ReferenceRequest } from './reference-queue.js';

/** Numbers of a request's rows, so that each tells whose it is. */
const NUMBERS_PER_REQUEST = 64;

/** What a real job must have got in the end. */
interface Expectation {
  readonly answer: unknown;
  readonly outcomes: JobOutcome[];
  isCompared: boolean;
}

/** Plays a program on the real job service, queue and batcher and on the reference, and compares them after each step. */
export class ReferenceWorld {
  readonly #clock = new VirtualClock();
  readonly #reference: ReferenceQueue;
  readonly #pool: ManualPool;
  readonly #batcher: DynamicBatcher<BatchRunner>;
  readonly #service: JobService;
  readonly #processor: JobProcessor;
  readonly #jobs: Expectation[] = [];
  readonly #setup: Setup;
  #wasted = 0;

  constructor(setup: Setup) {
    const { instances, maxBatchSize, delayMs, axis, concurrency, queueRows, retriesTimeouts } = setup;
    this.#setup = setup;
    this.#reference = new ReferenceQueue(setup);
    this.#pool = new ManualPool(instances);
    const ref = { model: 'm', version: '1' };
    const events: EventSink = {
      emit: (name, event) => {
        assert.notEqual(name, 'invariantViolated', JSON.stringify(event));
        if (name === 'workWasted') this.#wasted += (event as { rows: number }).rows;
      },
    };
    this.#batcher = new DynamicBatcher({
      ref,
      axes: { inputs: { x: axis, scale: null }, outputs: { y: axis } },
      maxBatchSize,
      retriesTimeouts,
      policy: delayMs === undefined ? greedyPolicy : staticPolicy(delayMs),
      pool: this.#pool,
      clock: this.#clock,
      events,
    });
    this.#pool.onIdle = () => this.#batcher.wake();
    this.#service = new JobService({ clock: this.#clock, events });
    const limits = { queueRows, queueBytes: 1e9 };
    this.#processor = {
      ref,
      limits,
      concurrency,
      infer: (input, signal) => this.#batcher.submit(input as never, signal),
    };
  }

  /** Throws at the first difference. */
  async play({ steps }: Program): Promise<void> {
    for (const step of steps) {
      await this.#do(step);
      this.#compare();
    }
    // What is left is worked off.
    while (this.#reference.unsettled.length > 0 || this.#reference.executions.length > 0) {
      if (this.#reference.executions.length > 0) await this.#do({ kind: 'finish', choice: 0 });
      else if (this.#reference.idle === 0) await this.#do({ kind: 'revive' });
      else await this.#do({ kind: 'advance', ms: 20 });
      this.#compare();
    }
    assert.deepEqual([this.#service.inFlight, this.#clock.pendingTimers, this.#batcher.running], [0, 0, 0]);
  }

  async #do(step: Step): Promise<void> {
    const [real, reference] = [this.#pool, this.#reference];
    switch (step.kind) {
      case 'arrive':
        this.#arrive(step);
        break;
      case 'cancel': {
        const request = pick(reference.unsettled, step.choice);
        if (request === undefined) return;
        this.#service.cancel(`${request.number}`);
        reference.cancel(request);
        break;
      }
      case 'revive':
        if (real.idle + real.runs.length >= this.#setup.instances) return;
        real.revive();
        reference.revive();
        break;
      case 'advance':
        await this.#clock.advance(step.ms);
        reference.advance(step.ms);
        return;
      default: {
        const execution = pick(reference.executions, step.choice);
        if (execution === undefined) return;
        real.runs[reference.executions.indexOf(execution)]?.[step.kind]();
        // The reference looks at all that has come to pass in one turn, as the batcher does.
        reference.end(execution, step.kind);
      }
    }
    await this.#clock.settle();
  }

  #arrive(arrival: Arrival): void {
    const { rows, width, scale } = arrival;
    const number = this.#jobs.length;
    const first = number * NUMBERS_PER_REQUEST;
    const numbers = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: width }, (_unused, column) => first + row * width + column),
    );
    const input = scaledRows(numbers, { scale, axis: this.#setup.axis });
    const job: Expectation = { answer: answerTo(input), outcomes: [], isCompared: false };
    const endpoint = { kind: 'response', deliver: (outcome: JobOutcome) => void job.outcomes.push(outcome) } as const;
    const request = { ...arrival, id: `${number}`, tenant: undefined, input, endpoint, receivedAt: this.#clock.now() };
    const taken = this.#reference.takenRows;
    const refusal = refusedWith(() => this.#service.submit(this.#processor, [request]));
    if (taken + rows > this.#setup.queueRows || refusal !== undefined) {
      assert.match(refusal ?? 'accepted', /is full|larger than the whole queue|is too long/);
      // How long it takes to begin is an estimate; but with nothing before it no job is refused for that.
      if (taken + rows <= this.#setup.queueRows) assert.ok(taken >= this.#setup.concurrency, refusal);
      return;
    }
    this.#jobs.push(job);
    this.#reference.arrive(arrival);
  }

  #compare(): void {
    const { executions, requests, takenRows, wasted } = this.#reference;
    const expected = executions.map(({ rows }) => rows.flatMap(({ request, index }) => this.#numbers(request, index)));
    const real = this.#pool.runs.map(({ x }) => this.#rowsOf(x.shape, x.data as Float32Array));
    assert.deepEqual(real, expected, 'the batches that run, row by row');
    for (const request of requests) this.#compareJob(request, this.#jobs[request.number] as Expectation);
    const taken = this.#service.queues[0]?.takenRows ?? 0;
    assert.deepEqual(
      [taken, this.#wasted],
      [takenRows, wasted],
      'rows accepted and not left, rows that ran for nobody',
    );
  }

  #compareJob(request: ReferenceRequest, job: Expectation): void {
    const { number, outcome, receivedAt, startedAt, firstRanAt, settledAt = 0, lastEndAt, largest } = request;
    const { answer, outcomes } = job;
    assert.equal(outcomes.length, outcome === undefined ? 0 : 1, `how often request ${number} has settled`);
    const [real] = outcomes;
    if (real === undefined || job.isCompared) return;
    job.isCompared = true;
    assert.equal(
      real.state === 'succeeded' ? real.state : real.error.code,
      outcome,
      `what became of request ${number}`,
    );
    assert.equal(real.timings.total, settledAt - receivedAt);
    if (real.state !== 'succeeded') {
      assert.equal(real.timings.queue, (startedAt ?? settledAt) - receivedAt);
      return;
    }
    const timings = [firstRanAt - receivedAt, lastEndAt - firstRanAt];
    assert.deepEqual([real.outputs, real.batchSize], [answer, largest], `the answer to request ${number}`);
    assert.deepEqual([real.timings.queue, real.timings.inference], timings, `the times of request ${number}`);
  }

  #numbers({ number, width }: ReferenceRequest, index: number): number[] {
    return Array.from({ length: width }, (_, column) => number * NUMBERS_PER_REQUEST + index * width + column);
  }

  /** The numbers of a batch row by row, on whichever axis its rows lie. */
  #rowsOf(shape: readonly number[], data: Float32Array): number[] {
    if (this.#setup.axis === 0) return Array.from(data);
    const [width = 0, rows = 0] = shape;
    return Array.from(
      { length: rows * width },
      (_, at) => data[(at % width) * rows + Math.floor(at / width)] as number,
    );
  }
}

function refusedWith(submit: () => void): string | undefined {
  try {
    submit();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function pick<Item>(items: readonly Item[], choice: number): Item | undefined {
  return items[choice % items.length];
}
