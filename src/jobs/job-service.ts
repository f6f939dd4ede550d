import type { Clock } from '../core/clock.js';
import { errorTable, MillraceError, reasonOf, toMillraceError } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import { inputBytes } from '../serving/model-input.js';
import type { JobView } from './job.js';
import { Job, type JobOwner } from './job.js';
import { JobQueue, type Room, type Wish } from './job-queue.js';
import { JobRegistry } from './job-registry.js';
import { type JobProcessor, type JobRequest, timeLimitsOf } from './job-request.js';

/** What the caller of `submit` keeps: the means to say that nobody waits any more. */
export interface JobHandle {
  readonly id: string;
  /** Ends the job with `error`; nothing happens if it has settled. */
  cancel(error: MillraceError): void;
}

/** The state of a queue, for gauges. */
export interface QueueReading extends ModelRef {
  readonly waitingJobs: number;
  readonly waitingRows: number;
  readonly oldestAgeMs: number;
  readonly takenRows: number;
  readonly takenBytes: number;
}

/**
 * Takes jobs in, sees each through its model's queue and the model, and delivers its outcome to its endpoint exactly
 * once (invariant I1): whichever comes first of the result, the deadline, a cancel, and the client's leaving.
 */
export class JobService {
  readonly #clock: Clock;
  readonly #events: EventSink;
  readonly #queues = new Map<JobProcessor, JobQueue>();
  /** One for each tenant: what one calls a job, another may call one too, and learns nothing of it. */
  readonly #registries = new Map<string | undefined, JobRegistry<Job>>();
  #inFlight = 0;
  #onEmpty: (() => void)[] = [];
  #closed = false;

  constructor({ clock, events }: { clock: Clock; events: EventSink }) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Jobs in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** One reading for each model version that has had a job; two while one of them gives way to another of its number. */
  get queues(): QueueReading[] {
    this.#forgetQueues();
    return [...this.#queues].map(([{ ref }, queue]) => {
      const { rows, bytes } = queue.taken;
      return {
        ...ref,
        waitingJobs: queue.waitingJobs,
        waitingRows: queue.waitingRows,
        oldestAgeMs: queue.oldestAgeMs,
        takenRows: rows,
        takenBytes: bytes,
      };
    });
  }

  /**
   * Accepts jobs of one tenant for one model, all or none. Their outcomes go to their endpoints, never before this returns.
   *
   * @param groupId the id that the jobs are known by together, if they are the items of one request
   * @throws MillraceError QUEUE_FULL, TOO_MANY_ROWS, JOB_ID_IN_USE or SHUTTING_DOWN; then none was accepted
   */
  submit(processor: JobProcessor, requests: readonly JobRequest[], groupId?: string): JobHandle[] {
    const queue = this.#queueOf(processor);
    const registry = this.#registryOf(requests[0]?.tenant);
    const rooms = requests.map(({ input }) => roomFor(input));
    try {
      this.#admit(registry, requests, groupId);
      queue.reserve(
        { rows: sum(rooms, 'rows'), bytes: sum(rooms, 'bytes') },
        wishOf(requests, processor.limits, this.#clock.now()),
      );
      processor.usage?.hold(requests.filter(({ input }) => !(input instanceof MillraceError)).length);
    } catch (error) {
      const { code } = toMillraceError(error);
      for (const [index, { id }] of requests.entries()) {
        this.#events.emit('jobRejected', { ...processor.ref, jobId: id, rows: rooms[index]?.rows ?? 0, code });
      }
      throw error;
    }
    const owner = this.#ownerOf(processor, queue, groupId);
    const jobs = requests.map((request, index) => new Job(request, rooms[index] as Room, owner));
    if (groupId !== undefined)
      registry.addGroup(
        groupId,
        jobs.map(({ id }) => id),
      );
    this.#inFlight += jobs.length;
    const { model, version } = processor.ref;
    for (const [index, job] of jobs.entries()) {
      const { input } = requests[index] as JobRequest;
      registry.add(job);
      this.#events.emit('jobQueued', { model, version, jobId: job.id, rows: job.rows });
      // A failed job is told of in a turn of its own: the caller does not have its handles yet.
      if (input instanceof MillraceError) queueMicrotask(() => job.fail(input));
      else queue.add(job, () => job.run(processor, input));
    }
    return jobs;
  }

  /** What is known of a tenant's job, or of the jobs of a group in their order; undefined if nothing is. */
  find(id: string, tenant?: string): JobView | JobView[] | undefined {
    return this.#registries.get(tenant)?.find(id);
  }

  /**
   * Cancels a tenant's job, or all that are left of a group.
   *
   * @throws MillraceError JOB_NOT_FOUND; JOB_FINISHED if nothing is left to cancel
   */
  cancel(id: string, tenant?: string): void {
    const live = this.#registries.get(tenant)?.live(id) ?? [];
    for (const job of live) job.cancel(new MillraceError('CANCELLED', 'The job was cancelled by DELETE /jobs.'));
    if (live.length > 0) return;
    const details = { path: 'id', got: id.slice(0, 128) };
    if (this.find(id, tenant) === undefined) throw new MillraceError('JOB_NOT_FOUND', 'There is no such job.', details);
    throw new MillraceError('JOB_FINISHED', 'The job has finished; there is nothing to cancel.', details);
  }

  /** Takes no more jobs, and settles when none is left. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  /** Fails all jobs with `error`, and takes no more. Idempotent. */
  destroy(error: MillraceError): void {
    this.#closed = true;
    for (const { liveJobs } of this.#registries.values()) for (const job of liveJobs) job.cancel(error);
  }

  #queueOf(processor: JobProcessor): JobQueue {
    const known = this.#queues.get(processor);
    if (known !== undefined) return known;
    this.#forgetQueues();
    const queue = new JobQueue(processor, this.#clock);
    this.#queues.set(processor, queue);
    return queue;
  }

  /** Model versions come and go, and their queues with them. */
  #forgetQueues(): void {
    for (const [processor, queue] of this.#queues) {
      if (processor.usage?.isOver === true && queue.taken.rows === 0) this.#queues.delete(processor);
    }
  }

  #registryOf(tenant: string | undefined): JobRegistry<Job> {
    const known = this.#registries.get(tenant);
    if (known !== undefined) return known;
    const registry = new JobRegistry<Job>(this.#clock);
    this.#registries.set(tenant, registry);
    return registry;
  }

  /** @throws MillraceError SHUTTING_DOWN or JOB_ID_IN_USE */
  #admit(registry: JobRegistry<Job>, requests: readonly JobRequest[], groupId: string | undefined): void {
    if (this.#closed) throw new MillraceError('SHUTTING_DOWN', 'The server is shutting down and takes no new work.');
    const taken = [...requests.map(({ id }) => id), ...(groupId === undefined ? [] : [groupId])].find((id) => {
      return registry.isInFlight(id);
    });
    if (taken === undefined) return;
    const details = { path: 'id', expected: 'a new id', got: taken };
    throw new MillraceError('JOB_ID_IN_USE', 'A job of this id is in flight.', details);
  }

  #ownerOf({ ref, limits, usage }: JobProcessor, queue: JobQueue, groupId: string | undefined): JobOwner {
    return {
      ref,
      limits,
      group: groupId,
      clock: this.#clock,
      abandoned: (job) => {
        if (!queue.remove(job)) return;
        queue.abandon(job);
        usage?.release();
      },
      settled: (job) => this.#afterSettled(job),
      left: (job) => {
        queue.release(job);
        usage?.release();
      },
    };
  }

  #afterSettled(job: Job): void {
    const view = job.view();
    const { model, version, error, timings } = view;
    this.#registryOf(job.tenant).finish(view);
    this.#inFlight -= 1;
    const outcome = error?.code ?? 'succeeded';
    if (timings !== undefined) {
      const reason = error === undefined || errorTable[error.code].http < 500 ? undefined : causeText(error);
      const ref = { model, version };
      this.#events.emit('jobSettled', { ...ref, jobId: job.id, rows: job.rows, outcome, reason, timings });
    }
    if (this.#inFlight > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}

function causeText({ cause }: MillraceError): string | undefined {
  if (cause === undefined) return undefined;
  return cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause);
}

/** The jobs of one request have its priority and its time limits. */
function wishOf(requests: readonly JobRequest[], limits: JobProcessor['limits'], now: number): Wish {
  const [first] = requests;
  if (first === undefined) return { priority: 0, mayWaitMs: Number.POSITIVE_INFINITY };
  const { timeoutMs, queueTimeoutMs = timeoutMs } = timeLimitsOf(first, limits);
  return { priority: first.priority, mayWaitMs: first.receivedAt + Math.min(timeoutMs, queueTimeoutMs) - now };
}

/** An input that does not fit the model takes no room: its job never enters the queue. */
function roomFor(input: JobRequest['input']): Room {
  return input instanceof MillraceError ? { rows: 0, bytes: 0 } : { rows: input.rows, bytes: inputBytes(input) };
}

function sum(rooms: readonly Room[], what: keyof Room): number {
  return rooms.reduce((total, room) => total + room[what], 0);
}
