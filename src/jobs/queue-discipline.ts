import type { Queue, QueueAddOptions } from 'p-queue';

/** How p-queue's tasks are called here. */
type Task = () => Promise<unknown>;

/** What the order of a job depends on. */
export interface QueuedJobOptions extends QueueAddOptions {
  /** p-queue's own meaning: the greater runs first. */
  readonly priority: number;
  readonly id: string;
  /** On the clock; Infinity for a job that may take any time. */
  readonly deadlineAt: number;
  readonly queuedAt: number;
  readonly rows: number;
}

interface Entry extends QueuedJobOptions {
  run: Task;
  /** The smaller goes first. */
  readonly rank: number;
  readonly arrival: number;
  removed: boolean;
}

/**
 * What a job gains on others by waiting for so long is one level of priority. The lowest level overtakes a stream of
 * the highest after 27 seconds, which is within the time that a job has unless somebody says otherwise.
 */
const LEVEL_MS = 3_000;

/**
 * Strategy: the order in which the jobs of a model leave its queue, as p-queue's `queueClass`. Of jobs that came at
 * the same time the priority decides, then the deadline, then arrival; and who waits rises, so that nobody starves.
 *
 * Each job has a rank, which stays as it is: its deadline, or `LEVEL_MS` after it came if that is sooner, and as much
 * again for each level of priority (a virtual deadline, as schedulers of operating systems have it). So a job is
 * overtaken only by those that come within a bounded time after it.
 *
 * A binary heap; removing only marks the entry, so that thousands of aborted jobs cost a lookup each where p-queue's
 * own class searches and shifts an array.
 */
export class PriorityDeadlineDiscipline implements Queue<Task, QueuedJobOptions> {
  readonly #heap: Entry[] = [];
  readonly #byId = new Map<string, Entry>();
  readonly #rowsByPriority = new Map<number, number>();
  #arrivals = 0;
  #rows = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Rows of all jobs that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** When the job that waits longest was queued, on the clock; undefined if none waits. Looks at all of them. */
  get oldestQueuedAt(): number | undefined {
    let oldest: number | undefined;
    for (const { queuedAt } of this.#byId.values()) if (oldest === undefined || queuedAt < oldest) oldest = queuedAt;
    return oldest;
  }

  /** Rows of the jobs that wait and have at least this priority. */
  rowsFrom(priority: number): number {
    let sum = 0;
    for (const [level, rows] of this.#rowsByPriority) if (level >= priority) sum += rows;
    return sum;
  }

  enqueue(run: Task, options?: Partial<QueuedJobOptions>): void {
    const { id, priority = 0, deadlineAt = Number.POSITIVE_INFINITY, queuedAt = 0, rows = 1 } = options ?? {};
    if (id === undefined) throw new TypeError('a job is queued under its id');
    const rank = Math.min(deadlineAt, queuedAt + LEVEL_MS) - priority * LEVEL_MS;
    const arrival = this.#arrivals;
    const entry: Entry = { run, id, priority, deadlineAt, queuedAt, rows, rank, arrival, removed: false };
    this.#arrivals += 1;
    this.#byId.set(id, entry);
    this.#count(priority, rows);
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
  }

  dequeue(): Task | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.removed) continue;
      this.#forget(entry);
      return entry.run;
    }
    return undefined;
  }

  remove(id: string): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) return false;
    entry.removed = true;
    // The entry stays in the heap for a while; what its task holds must not.
    entry.run = nothing;
    this.#forget(entry);
    this.#compact();
    return true;
  }

  setPriority(id: string, priority: number): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) throw new ReferenceError(`no job ${id} is queued`);
    entry.removed = true;
    this.#forget(entry);
    this.enqueue(entry.run, { ...entry, priority });
  }

  /** The tasks of a priority, for p-queue's `sizeBy`. */
  filter({ priority }: Readonly<Partial<QueuedJobOptions>>): Task[] {
    return [...this.#byId.values()].filter((entry) => entry.priority === priority).map(({ run }) => run);
  }

  #forget({ id, rows, priority }: Entry): void {
    this.#byId.delete(id);
    this.#count(priority, -rows);
  }

  #count(priority: number, rows: number): void {
    this.#rows += rows;
    this.#rowsByPriority.set(priority, (this.#rowsByPriority.get(priority) ?? 0) + rows);
  }

  /** Marked entries never outnumber the living, so the heap stays within twice the queue's bound. */
  #compact(): void {
    if (this.#heap.length < 64 || this.#heap.length < 2 * this.#byId.size) return;
    const living = this.#heap.filter(({ removed }) => !removed).sort((a, b) => (goesBefore(a, b) ? -1 : 1));
    this.#heap.splice(0, this.#heap.length, ...living);
  }

  #pop(): Entry | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined || top === last) return top;
    this.#heap[0] = last;
    this.#siftDown(0);
    return top;
  }

  #siftUp(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #siftDown(start: number): void {
    for (let at = start; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = right < this.#heap.length && goesBefore(this.#at(right), this.#at(left)) ? right : left;
      if (child >= this.#heap.length || !this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const [below, above] = [this.#at(child), this.#at(parent)];
    if (!goesBefore(below, above)) return false;
    this.#heap[parent] = below;
    this.#heap[child] = above;
    return true;
  }

  #at(index: number): Entry {
    return this.#heap[index] as Entry;
  }
}

async function nothing(): Promise<void> {}

function goesBefore(a: Entry, b: Entry): boolean {
  return a.rank === b.rank ? a.arrival < b.arrival : a.rank < b.rank;
}
