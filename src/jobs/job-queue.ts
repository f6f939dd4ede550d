import PQueue from 'p-queue';
import type { Clock } from '../core/clock.js';
import { type ErrorDetails, MillraceError } from '../core/errors.js';
import { DrainRate, Stopwatch, withinRetryBounds } from './drain-rate.js';
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

/** What jobs that want room ask for. */
export interface Wish {
  /** On the wire's scale. */
  readonly priority: number;
  /** They must have begun to run after so long. */
  readonly mayWaitMs: number;
}

const noWish: Wish = { priority: 0, mayWaitMs: Number.POSITIVE_INFINITY };

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
  /** While there was something to do: an idle queue is not a slow one. */
  readonly #busy = new Stopwatch();
  /** As `#drainRate`, but only of the time in which the model had as much as it takes: what it is able to. */
  readonly #fullRate = new DrainRate();
  readonly #full = new Stopwatch();
  #rows = 0;
  #bytes = 0;
  #rowsInModel = 0;
  /** Not p-queue's `pending`, which counts one that has left a little longer. */
  #jobsInModel = 0;

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
   * @throws MillraceError TOO_MANY_ROWS; QUEUE_FULL, with the time after which there will probably be room, if there
   * is none or they would wait for longer than they may
   */
  reserve({ rows, bytes }: Room, wish: Wish = noWish): void {
    const { queueRows, queueBytes, maxRows = queueRows } = this.#processor.limits;
    if (rows > Math.min(maxRows, queueRows) || bytes > queueBytes) throw this.#tooLarge({ rows, bytes });
    const now = this.#clock.now();
    if (this.#rows + rows > queueRows || this.#bytes + bytes > queueBytes) {
      throw this.#refusal('is full', {
        expected: `room for ${rows} of at most ${queueRows} rows and ${bytes} of at most ${queueBytes} bytes`,
        got: `${this.#rows} rows and ${this.#bytes} bytes are waiting or running`,
        retryAfterMs: this.#drainRate.retryAfterMs(this.#rows, this.#busy.read(now)),
      });
    }
    const waitMs = this.#expectedWaitMs(levelOf(wish.priority), now);
    if (rows > 0 && waitMs > 0 && waitMs > wish.mayWaitMs) {
      throw this.#refusal('is too long', {
        expected: `to begin within ${Math.max(0, Math.round(wish.mayWaitMs))} ms`,
        got: `it would begin in about ${Math.round(waitMs)} ms`,
        retryAfterMs: withinRetryBounds(waitMs - wish.mayWaitMs),
      });
    }
    this.#take(rows, bytes);
  }

  /** Gives back the room of a job that has been through the model. */
  release(room: Room): void {
    const now = this.#clock.now();
    this.#drainRate.record(room.rows, this.#busy.read(now));
    if (this.#full.isRunning) this.#fullRate.record(room.rows, this.#full.read(now));
    this.#take(-room.rows, -room.bytes);
    this.#rowsInModel -= room.rows;
    this.#jobsInModel -= 1;
    this.#fit();
  }

  /** Gives back the room of a job that was taken out before its turn: that says nothing of how fast the queue drains. */
  abandon({ rows, bytes }: Room): void {
    this.#take(-rows, -bytes);
  }

  #take(rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
    const now = this.#clock.now();
    this.#busy.set(this.#rows > 0, now);
    this.#full.set(this.#rows >= this.#processor.concurrency, now);
  }

  /** How long what is in front of a job of this priority takes; 0 while that is not known. */
  #expectedWaitMs(level: number, now: number): number {
    const rate = this.#fullRate.rowsPerSecond(this.#full.read(now));
    const ahead = this.#rowsInModel + this.#discipline.rowsFrom(-level);
    return rate === undefined || ahead < this.#processor.concurrency ? 0 : (ahead / rate) * 1e3;
  }

  #refusal(what: string, details: ErrorDetails): MillraceError {
    const { model, version } = this.#processor.ref;
    return new MillraceError('QUEUE_FULL', `The queue of model ${model}, version ${version}, ${what}.`, details);
  }

  #tooLarge({ rows, bytes }: Room): MillraceError {
    const { queueRows, queueBytes, maxRows = queueRows } = this.#processor.limits;
    if (maxRows < queueRows && rows > maxRows) {
      const details = { path: 'inputs', expected: `at most ${maxRows} rows`, got: `${rows}` };
      return new MillraceError('TOO_MANY_ROWS', 'The request holds more rows than the model takes at once.', details);
    }
    return new MillraceError('TOO_MANY_ROWS', 'The request is larger than the whole queue of the model.', {
      path: 'inputs',
      expected: `at most ${queueRows} rows and ${queueBytes} bytes of tensors`,
      got: `${rows} rows and ${bytes} bytes`,
    });
  }

  /**
   * Queues a job for which room was reserved; `run` is called when its turn comes, must give the room back by
   * `release` before it settles, and must not reject.
   */
  add(place: QueuePlace, run: () => Promise<void>): void {
    const { priority, deadlineAt, rows } = place;
    const options = { id: keyOf(place), priority: -levelOf(priority), deadlineAt, rows, queuedAt: this.#clock.now() };
    this.#fit();
    void this.#queue.add(() => this.#start(rows, run), options);
  }

  #start(rows: number, run: () => Promise<void>): Promise<void> {
    this.#rowsInModel += rows;
    this.#jobsInModel += 1;
    this.#fit();
    return run();
  }

  /** What may be with the model is counted in rows, of which p-queue knows nothing: it starts no more while there are enough. */
  #fit(): void {
    const { concurrency } = this.#processor;
    const isOpen = this.#rowsInModel < concurrency || this.#jobsInModel >= concurrency;
    const places = isOpen ? concurrency : 1;
    if (this.#queue.concurrency !== places) this.#queue.concurrency = places;
  }

  /**
   * Takes a job out that nobody waits for any more; false if its turn has come already. p-queue is not given the
   * job's signal: for a running task it would free the place while the task goes on.
   */
  remove(place: Pick<QueuePlace, 'id' | 'tenant'>): boolean {
    return this.#discipline.remove(keyOf(place));
  }
}

/** The priority on the wire's scale, with the default in place. */
function levelOf(priority: number): number {
  return priority === 0 ? PRIORITY.default : priority;
}

/** What a job is called within its queue. */
function keyOf({ id, tenant }: Pick<QueuePlace, 'id' | 'tenant'>): string {
  return tenant === undefined ? id : `${tenant}/${id}`;
}
