import PQueue from 'p-queue';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import { DrainRate } from './drain-rate.js';
import { type JobProcessor, PRIORITY } from './job-request.js';
import { PriorityDeadlineDiscipline, type QueuedJobOptions } from './queue-discipline.js';

/** What a job takes of its queue's room, from the moment it is accepted until it has left the model. */
export interface Room {
  readonly rows: number;
  readonly bytes: number;
}

/** How a job stands in its queue. */
export interface QueuePlace extends Room {
  readonly id: string;
  /** Ids are those of a tenant: another's job may have the same one. */
  readonly tenant: string | undefined;
  /** On the wire's scale: 1 is the highest, 0 the default. */
  readonly priority: number;
  readonly deadlineAt: number;
}

/**
 * The queue of one model version, so that a slow model never holds up another: p-queue behind one door, with an order
 * of our own and bounds on rows and bytes (invariant I7).
 */
export class JobQueue {
  readonly #processor: JobProcessor;
  readonly #clock: Clock;
  readonly #discipline = new PriorityDeadlineDiscipline();
  readonly #queue: PQueue<PriorityDeadlineDiscipline, QueuedJobOptions>;
  readonly #drainRate = new DrainRate();
  #rows = 0;
  #bytes = 0;
  #busyMs = 0;
  #busySince = 0;

  constructor(processor: JobProcessor, clock: Clock) {
    this.#processor = processor;
    this.#clock = clock;
    const discipline = this.#discipline;
    // p-queue makes its queue itself, with `new`; a constructor that returns an object hands it ours.
    const queueClass = class {
      constructor() {
        return discipline;
      }
    } as unknown as typeof PriorityDeadlineDiscipline;
    this.#queue = new PQueue({ queueClass, concurrency: processor.concurrency });
  }

  /** Jobs that wait to be started. */
  get waitingJobs(): number {
    return this.#discipline.size;
  }

  /** Rows of jobs that wait to be started. */
  get waitingRows(): number {
    return this.#discipline.rows;
  }

  /** Milliseconds since the job that waits longest was queued; 0 if none waits. */
  get oldestAgeMs(): number {
    const { oldestQueuedAt } = this.#discipline;
    return oldestQueuedAt === undefined ? 0 : this.#clock.now() - oldestQueuedAt;
  }

  /** Rows and bytes of all jobs that were accepted and have not left. */
  get taken(): Room {
    return { rows: this.#rows, bytes: this.#bytes };
  }

  /**
   * Takes room for jobs that are accepted or refused together.
   *
   * @throws MillraceError QUEUE_FULL, with the time after which there will probably be room
   */
  reserve({ rows, bytes }: Room): void {
    const { queueRows, queueBytes } = this.#processor.limits;
    const fits = this.#rows + rows <= queueRows && this.#bytes + bytes <= queueBytes;
    if (!fits && (rows > queueRows || bytes > queueBytes)) {
      throw new MillraceError('TOO_MANY_ROWS', 'The request is larger than the whole queue of the model.', {
        expected: `at most ${queueRows} rows and ${queueBytes} bytes of tensors`,
        got: `${rows} rows and ${bytes} bytes`,
      });
    }
    if (!fits) {
      const { model, version } = this.#processor.ref;
      throw new MillraceError('QUEUE_FULL', `The queue of model ${model}, version ${version}, is full.`, {
        expected: `room for ${rows} of at most ${queueRows} rows and ${bytes} of at most ${queueBytes} bytes`,
        got: `${this.#rows} rows and ${this.#bytes} bytes are waiting or running`,
        retryAfterMs: this.#drainRate.retryAfterMs(this.#rows, this.#busyTime()),
      });
    }
    if (this.#rows === 0) this.#busySince = this.#clock.now();
    this.#rows += rows;
    this.#bytes += bytes;
  }

  /** Gives back the room of a job that has been through the model. */
  release(room: Room): void {
    this.#drainRate.record(room.rows, this.#busyTime());
    this.abandon(room);
  }

  /** Gives back the room of a job that was taken out before its turn: that says nothing of how fast the queue drains. */
  abandon({ rows, bytes }: Room): void {
    this.#busyMs = this.#busyTime();
    this.#busySince = this.#clock.now();
    this.#rows -= rows;
    this.#bytes -= bytes;
  }

  /** Milliseconds in which the queue had something to do: an idle queue is not a slow one. */
  #busyTime(): number {
    return this.#busyMs + (this.#rows > 0 ? this.#clock.now() - this.#busySince : 0);
  }

  /** Queues a job for which room was reserved; `run` is called when its turn comes, and must not reject. */
  add(place: QueuePlace, run: () => Promise<void>): void {
    const { priority, deadlineAt, rows } = place;
    const { concurrency } = this.#processor;
    if (this.#queue.concurrency !== concurrency) this.#queue.concurrency = concurrency;
    const level = priority === 0 ? PRIORITY.default : priority;
    void this.#queue.add(run, { id: keyOf(place), priority: -level, deadlineAt, rows, queuedAt: this.#clock.now() });
  }

  /**
   * Takes a job out that nobody waits for any more; false if its turn has come already. p-queue is not given the
   * job's signal: for a running task it would free the place while the task goes on.
   */
  remove(place: Pick<QueuePlace, 'id' | 'tenant'>): boolean {
    return this.#discipline.remove(keyOf(place));
  }
}

/** What a job is called within its queue. */
function keyOf({ id, tenant }: Pick<QueuePlace, 'id' | 'tenant'>): string {
  return tenant === undefined ? id : `${tenant}/${id}`;
}
