import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { PriorityDeadlineDiscipline, type QueuedJobOptions } from '#src/jobs/queue-discipline.js';
import { propertyRuns } from '../support/property-runs.js';

interface Job {
  id: string;
  priority: number;
  deadlineAt: number;
  queuedAt: number;
  rows: number;
}

/** What the discipline must behave like: an array that is sorted when somebody looks. */
class SortedArray {
  #jobs: Job[] = [];

  get all(): readonly Job[] {
    return this.#jobs;
  }

  enqueue(job: Job): void {
    this.#jobs.push(job);
    this.#jobs.sort((a, b) => virtualDeadline(a) - virtualDeadline(b));
  }

  dequeue(): string | undefined {
    return this.#jobs.shift()?.id;
  }

  /** Takes a job out of the middle. */
  take(id: string): Job | undefined {
    const at = this.#jobs.findIndex((job) => job.id === id);
    return at === -1 ? undefined : this.#jobs.splice(at, 1)[0];
  }
}

/** A level of priority is worth three seconds of waiting, and a deadline that is further off counts as if it were not. */
function virtualDeadline({ priority, deadlineAt, queuedAt }: Job): number {
  return Math.min(deadlineAt, queuedAt + 3_000) - 3_000 * priority;
}

/** The discipline and its model, told the same. Tasks are told apart by what they give. */
class Pair {
  readonly discipline = new PriorityDeadlineDiscipline();
  readonly model = new SortedArray();
  #ids = 0;

  enqueue(options: Omit<Job, 'id'>): void {
    const id = `job-${this.#ids}`;
    this.#ids += 1;
    this.discipline.enqueue(() => Promise.resolve(id), { ...options, id });
    this.model.enqueue({ ...options, id });
  }

  /** An id that was given out, or will be. */
  id(choice: number): string {
    return `job-${choice % (this.#ids + 1)}`;
  }

  async dequeue(): Promise<void> {
    assert.equal(await this.discipline.dequeue()?.(), this.model.dequeue());
  }

  remove(id: string): void {
    assert.equal(this.discipline.remove(id), this.model.take(id) !== undefined);
  }

  setPriority(id: string, priority: number): void {
    const job = this.model.take(id);
    if (job === undefined) {
      assert.throws(() => this.discipline.setPriority(id, priority), ReferenceError);
      return;
    }
    this.discipline.setPriority(id, priority);
    this.model.enqueue({ ...job, priority });
  }

  compare(): void {
    const { all } = this.model;
    const oldest = all.length === 0 ? undefined : Math.min(...all.map(({ queuedAt }) => queuedAt));
    assert.equal(this.discipline.size, all.length);
    assert.equal(
      this.discipline.rows,
      all.reduce((sum, { rows }) => sum + rows, 0),
    );
    assert.equal(this.discipline.oldestQueuedAt, oldest);
    for (const priority of [1, 2, 3]) {
      const urgent = all.filter((job) => job.priority >= priority).reduce((sum, { rows }) => sum + rows, 0);
      assert.equal(this.discipline.rowsFrom(priority), urgent);
      const expected = all.filter((job) => job.priority === priority).length;
      assert.equal(this.discipline.filter({ priority }).length, expected);
    }
  }

  async drain(): Promise<void> {
    while (this.model.all.length > 0) await this.dequeue();
    assert.equal(this.discipline.dequeue(), undefined);
    this.compare();
  }
}

const job = fc.record({
  priority: fc.integer({ min: 1, max: 3 }),
  deadlineAt: fc.oneof(
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 9_000 }),
    fc.constant(Number.POSITIVE_INFINITY),
  ),
  queuedAt: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9_000 })),
  rows: fc.integer({ min: 0, max: 4 }),
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('enqueue' as const), job }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dequeue' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), choice: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('setPriority' as const),
      choice: fc.nat(200),
      priority: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

describe('the order of a queue', () => {
  it('is that of an array sorted by virtual deadline and arrival, whatever is done to it', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 150, size: 'max' }), async (steps) => {
      const pair = new Pair();
      for (const each of steps) {
        if (each.kind === 'enqueue') pair.enqueue(each.job);
        else if (each.kind === 'dequeue') await pair.dequeue();
        else if (each.kind === 'remove') pair.remove(pair.id(each.choice));
        else pair.setPriority(pair.id(each.choice), each.priority);
        pair.compare();
      }
      await pair.drain();
    });
    await fc.assert(property, propertyRuns(200));
  });

  it('holds after thousands of removals', async () => {
    const pair = new Pair();
    for (let index = 0; index < 6000; index += 1) {
      const deadlineAt = (index * 7919) % 6007;
      pair.enqueue({ priority: 1 + (index % 3), deadlineAt, queuedAt: index, rows: 1 });
    }
    for (let index = 0; index < 6000; index += 1) if (index % 10 !== 3) pair.remove(pair.id(index));
    pair.compare();
    assert.equal(pair.discipline.size, 600);
    await pair.drain();
  });

  it('puts a job without options behind none but those that matter more', async () => {
    const discipline = new PriorityDeadlineDiscipline();
    const add = (options: Partial<QueuedJobOptions> & { id: string }) =>
      discipline.enqueue(() => Promise.resolve(options.id), options);
    add({ id: 'low', priority: -1 });
    add({ id: 'plain' });
    add({ id: 'urgent', deadlineAt: 5 });
    add({ id: 'high', priority: 1 });
    const order = await Promise.all([0, 1, 2, 3].map(() => discipline.dequeue()?.()));
    assert.deepEqual(order, ['high', 'urgent', 'plain', 'low']);
  });

  it('decides by priority, then deadline, then arrival among jobs that came together', async () => {
    const discipline = new PriorityDeadlineDiscipline();
    const add = (id: string, priority: number, deadlineAt: number) =>
      discipline.enqueue(() => Promise.resolve(id), { id, priority, deadlineAt, queuedAt: 1_000 });
    add('low and urgent', -3, 1_001);
    add('patient', -2, 60_000);
    add('as patient', -2, 50_000);
    add('urgent', -2, 1_500);
    add('high and patient', -1, 90_000);
    const order = await Promise.all([0, 1, 2, 3, 4].map(() => discipline.dequeue()?.()));
    assert.deepEqual(order, ['high and patient', 'urgent', 'patient', 'as patient', 'low and urgent']);
  });

  it('lets the lowest priority starve under no stream of the highest', async () => {
    const discipline = new PriorityDeadlineDiscipline();
    const add = (id: string, priority: number, queuedAt: number) =>
      discipline.enqueue(() => Promise.resolve(id), { id, priority, deadlineAt: queuedAt + 30_000, queuedAt });
    add('lowest', -10, 0);
    let now = 0;
    for (let served = ''; served !== 'lowest'; now += 100) {
      add(`highest at ${now}`, -1, now);
      served = (await discipline.dequeue()?.()) as string;
    }
    assert.ok(now > 26_000 && now < 30_000, `served after ${now} ms, with 30 s to live`);
  });

  it('takes no job without an id', () => {
    assert.throws(() => new PriorityDeadlineDiscipline().enqueue(() => Promise.resolve()), TypeError);
  });
});

describe('a job that was removed', () => {
  it('is let go of at once, with all that its task holds', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const discipline = new PriorityDeadlineDiscipline();
    const enqueue = (id: string): WeakRef<object> => {
      const task = () => Promise.resolve(id);
      discipline.enqueue(task, { id });
      return new WeakRef(task);
    };
    const [removed, kept] = [enqueue('removed'), enqueue('kept')];
    discipline.remove('removed');
    // A weak reference holds on until the turn is over in which it was made.
    await nextTurn();
    collectGarbage();
    assert.equal(removed.deref(), undefined);
    assert.notEqual(kept.deref(), undefined);
    assert.equal(await discipline.dequeue()?.(), 'kept');
    assert.deepEqual([discipline.dequeue(), discipline.size, discipline.rows], [undefined, 0, 0]);
  });
});
