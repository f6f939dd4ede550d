import { abortReason, Patience } from '../core/abort.js';
import type { Clock } from '../core/clock.js';
import { type MillraceError, toMillraceError } from '../core/errors.js';
import type { ModelRef, Timings } from '../core/events.js';
import type { ModelInput, ModelResult } from '../serving/model-input.js';
import type { Room } from './job-queue.js';
import { type Endpoint, type JobOutcome, type JobProcessor, type JobRequest, timeLimitsOf } from './job-request.js';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Where a job may go from where it is. */
const transitions: Record<JobState, readonly JobState[]> = {
  queued: ['running', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** A job as GET /jobs shows it, while it is in flight and for a while after. Never its input or output. */
export interface JobView extends ModelRef {
  readonly id: string;
  /** The request of several items that it belongs to. */
  readonly group: string | undefined;
  readonly state: JobState;
  readonly error: MillraceError | undefined;
  readonly timings: Timings | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly finishedAt: number | undefined;
}

/** What a job tells the one who keeps it, and what it has in common with the jobs beside it. */
export interface JobOwner {
  readonly ref: ModelRef;
  readonly group: string | undefined;
  readonly clock: Clock;
  readonly limits: JobProcessor['limits'];
  /** Nobody waits for the job any more; it settles right after. */
  abandoned(job: Job): void;
  /** The job has settled, and its endpoint has got the outcome. */
  settled(job: Job): void;
  /** A job that was started has left the model, settled now or long before. */
  left(job: Job): void;
}

/** The unit that succeeds or fails as a whole: one item for one model version, and where its result goes. */
export class Job {
  readonly id: string;
  readonly tenant: string | undefined;
  readonly model: string;
  readonly version: string;
  readonly input: JobRequest['input'];
  readonly endpoint: Endpoint;
  readonly priority: number;
  readonly rows: number;
  readonly bytes: number;
  readonly createdAt: number;
  readonly #receivedAt: number;
  readonly #owner: JobOwner;
  readonly #patience: Patience;
  #state: JobState = 'queued';
  #startedAt: number | undefined;
  #outcome: JobOutcome | undefined;
  #finishedAt: number | undefined;

  constructor(request: JobRequest, room: Room, owner: JobOwner) {
    const { clock, ref } = owner;
    this.id = request.id;
    this.tenant = request.tenant;
    this.model = ref.model;
    this.version = ref.version;
    this.input = request.input;
    this.endpoint = request.endpoint;
    this.priority = request.priority;
    this.rows = room.rows;
    this.bytes = room.bytes;
    this.createdAt = clock.wallTime();
    this.#receivedAt = request.receivedAt;
    this.#owner = owner;
    this.#patience = new Patience(clock, request.receivedAt, timeLimitsOf(request, owner.limits));
    this.#patience.addEventListener('abort', () => {
      owner.abandoned(this);
      this.fail(abortReason(this.#patience));
    });
  }

  get deadlineAt(): number {
    return this.#patience.deadlineAt;
  }

  /** Ends the job with `error`, wherever it is; nothing happens if it has settled. */
  cancel(error: MillraceError): void {
    if (this.#outcome === undefined) this.#patience.end(error);
  }

  /** Runs the job on its model, and settles it unless that happened before. Settles when the job has left the model; never rejects. */
  async run(processor: JobProcessor, input: ModelInput): Promise<void> {
    // Invariant I4. Asking is what ends a job whose deadline passed while its timer could not run.
    if (!this.#patience.aborted) {
      this.#state = 'running';
      this.#startedAt = this.#owner.clock.now();
      try {
        this.#succeed(await processor.infer(input, this.#patience));
      } catch (error) {
        this.fail(toMillraceError(error));
      }
    }
    this.#owner.left(this);
  }

  /** Settles the job with an error, unless it has settled. */
  fail(error: MillraceError): void {
    const state = error.code === 'CANCELLED' || error.code === 'CLIENT_CLOSED_REQUEST' ? 'cancelled' : 'failed';
    this.#settle({ state, error, timings: this.#timings(undefined) });
  }

  view(): JobView {
    const outcome = this.#outcome;
    return {
      id: this.id,
      group: this.#owner.group,
      model: this.model,
      version: this.version,
      state: this.#state,
      error: outcome === undefined || outcome.state === 'succeeded' ? undefined : outcome.error,
      timings: outcome?.timings,
      createdAt: this.createdAt,
      finishedAt: this.#finishedAt,
    };
  }

  #succeed(result: ModelResult): void {
    const { outputs, batchRows } = result;
    if (this.#outcome !== undefined) return;
    this.endpoint.encode?.(outputs);
    this.#settle({ state: 'succeeded', outputs, batchSize: batchRows, timings: this.#timings(result) });
  }

  /** Invariant I1: the first outcome is the one that is delivered, and no other is. */
  #settle(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    if (!transitions[this.#state].includes(outcome.state)) {
      throw new Error(`a ${this.#state} job cannot be ${outcome.state}`);
    }
    this.#outcome = outcome;
    this.#state = outcome.state;
    this.#finishedAt = this.#owner.clock.wallTime();
    this.#patience.release();
    this.endpoint.deliver(outcome);
    this.#owner.settled(this);
  }

  #timings(result: ModelResult | undefined): Timings {
    const now = this.#owner.clock.now();
    const queuedMs = (this.#startedAt ?? now) - this.#receivedAt;
    return {
      queue: queuedMs + (result?.waitedMs ?? 0),
      preprocess: result?.preprocessMs ?? 0,
      inference: result?.inferenceMs ?? 0,
      postprocess: result?.postprocessMs ?? 0,
      total: now - this.#receivedAt,
    };
  }
}
