import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorDetails, MillraceError } from '#src/core/errors.js';
import { JobQueue, type QueuePlace } from '#src/jobs/job-queue.js';
import { ManualProcessor } from '../support/job-requests.js';
import { VirtualClock } from '../support/virtual-clock.js';

interface Limits {
  queueRows?: number;
  queueBytes?: number;
  maxRows?: number;
  concurrency?: number;
}

function setUp({ queueRows = 10, queueBytes = 1000, maxRows, concurrency = 1 }: Limits = {}) {
  const clock = new VirtualClock();
  const processor = new ManualProcessor();
  processor.limits = { queueRows, queueBytes, maxRows };
  processor.concurrency = concurrency;
  const queue = new JobQueue(processor, clock);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  /** Queues a job that runs until `end` is called with its id. */
  const add = (id: string, place: Partial<QueuePlace> = {}) => {
    queue.add({ id, tenant: undefined, priority: 0, deadlineAt: 1e9, rows: 1, bytes: 8, ...place }, () => {
      started.push(id);
      return new Promise((resolve) => ends.set(id, resolve));
    });
  };
  const end = async (id: string) => {
    ends.get(id)?.();
    await clock.settle();
  };
  return { clock, processor, queue, started, add, end };
}

/** The details of the error that reserving this room gives. */
function refusal(queue: JobQueue, room: { rows: number; bytes: number }): { code: string } & ErrorDetails {
  let refused: MillraceError | undefined;
  assert.throws(
    () => queue.reserve(room),
    (error: MillraceError) => {
      refused = error;
      return true;
    },
  );
  const { code, details } = refused as MillraceError;
  return { code, ...details };
}

describe('the room of a queue', () => {
  it('is bounded by rows: the last one fits, the next does not', () => {
    const { queue } = setUp({ queueRows: 10 });
    queue.reserve({ rows: 9, bytes: 0 });
    queue.reserve({ rows: 1, bytes: 0 });
    assert.deepEqual(refusal(queue, { rows: 1, bytes: 0 }), {
      code: 'QUEUE_FULL',
      expected: 'room for 1 of at most 10 rows and 0 of at most 1000 bytes',
      got: '10 rows and 0 bytes are waiting or running',
      retryAfterMs: 1000,
    });
    assert.deepEqual(queue.taken, { rows: 10, bytes: 0 });
  });

  it('is bounded by bytes in the same way', () => {
    const { queue } = setUp({ queueBytes: 1000 });
    queue.reserve({ rows: 1, bytes: 1000 });
    assert.equal(refusal(queue, { rows: 1, bytes: 1 }).code, 'QUEUE_FULL');
    queue.reserve({ rows: 1, bytes: 0 });
    assert.deepEqual(queue.taken, { rows: 2, bytes: 1000 });
  });

  it('comes back', () => {
    const { queue } = setUp({ queueRows: 10 });
    queue.reserve({ rows: 10, bytes: 500 });
    queue.release({ rows: 4, bytes: 500 });
    assert.equal(refusal(queue, { rows: 5, bytes: 0 }).code, 'QUEUE_FULL');
    queue.reserve({ rows: 4, bytes: 1000 });
    assert.deepEqual(queue.taken, { rows: 10, bytes: 1000 });
  });

  it('will never do for a request that is larger than the whole queue, so that is no matter of waiting', () => {
    const { queue } = setUp();
    const { code, expected, got, retryAfterMs } = refusal(queue, { rows: 11, bytes: 5 });
    assert.deepEqual([code, retryAfterMs], ['TOO_MANY_ROWS', undefined]);
    assert.deepEqual([expected, got], ['at most 10 rows and 1000 bytes of tensors', '11 rows and 5 bytes']);
    assert.equal(refusal(queue, { rows: 1, bytes: 1001 }).code, 'TOO_MANY_ROWS');
  });

  it('is not for a request of more rows than the model takes at once', () => {
    const { queue } = setUp({ maxRows: 4 });
    queue.reserve({ rows: 4, bytes: 0 });
    const { code, path, expected, got } = refusal(queue, { rows: 5, bytes: 0 });
    assert.deepEqual([code, path, expected, got], ['TOO_MANY_ROWS', 'inputs', 'at most 4 rows', '5']);
  });

  it('is promised for when the rows that take it will have left at the measured rate', async () => {
    const { clock, queue } = setUp({ queueRows: 100 });
    queue.reserve({ rows: 100, bytes: 0 });
    for (let tick = 0; tick < 3000; tick += 1) {
      await clock.advance(20);
      queue.release({ rows: 1, bytes: 0 });
      queue.reserve({ rows: 1, bytes: 0 });
    }
    const { retryAfterMs } = refusal(queue, { rows: 1, bytes: 0 });
    assert.ok(
      retryAfterMs !== undefined && Math.abs(retryAfterMs - 2000) < 50,
      `50 rows/s, 100 rows: ${retryAfterMs} ms`,
    );
  });
});

describe('the time after which room is promised', () => {
  /** A queue that was full for a minute, through which 50 rows went each second. */
  async function steady() {
    const { clock, queue } = setUp({ queueRows: 100 });
    queue.reserve({ rows: 100, bytes: 0 });
    for (let tick = 0; tick < 3000; tick += 1) {
      await clock.advance(20);
      queue.release({ rows: 1, bytes: 0 });
      queue.reserve({ rows: 1, bytes: 0 });
    }
    const promised = () => refusal(queue, { rows: 1, bytes: 0 }).retryAfterMs as number;
    return { clock, queue, promised };
  }

  it('is not longer after a time in which there was nothing to do', async () => {
    const { clock, queue, promised } = await steady();
    const before = promised();
    for (let row = 0; row < 100; row += 1) queue.abandon({ rows: 1, bytes: 0 });
    await clock.advance(600_000);
    queue.reserve({ rows: 100, bytes: 0 });
    assert.equal(promised(), before);
    await clock.advance(10_000);
    assert.ok(promised() > 5 * before, 'a queue that stands still with work in it is slow');
  });

  it('is not shorter because jobs were taken out before their turn', async () => {
    const { queue, promised } = await steady();
    const before = promised();
    queue.abandon({ rows: 80, bytes: 0 });
    queue.reserve({ rows: 80, bytes: 0 });
    assert.equal(promised(), before);
  });
});

describe('a queue that is too long', () => {
  /** A model that takes 4 rows, has 40 before it, and does a row every 10 ms. */
  async function backlog() {
    const fixture = setUp({ concurrency: 4, queueRows: 1000 });
    const { clock, queue, add, end } = fixture;
    for (let index = 0; index < 60; index += 1) {
      queue.reserve({ rows: 1, bytes: 0 });
      add(`${index}`);
    }
    for (let index = 0; index < 20; index += 1) {
      await clock.advance(10);
      queue.release({ rows: 1, bytes: 0 });
      await end(`${index}`);
    }
    return fixture;
  }

  it('refuses a job that would not begin in the time that it may wait, and says when to come again', async () => {
    const { queue } = await backlog();
    assert.throws(
      () => queue.reserve({ rows: 1, bytes: 0 }, { priority: 0, mayWaitMs: 300 }),
      ({ code, message, details }: MillraceError) => {
        assert.deepEqual([code, details.expected], ['QUEUE_FULL', 'to begin within 300 ms']);
        assert.match(message, /The queue of model manual, version 1, is too long/);
        const about = Number(/in about (\d+) ms/.exec(details.got ?? '')?.[1]);
        assert.ok(about > 360 && about < 440, `40 rows of 10 ms: ${about} ms`);
        assert.equal(details.retryAfterMs, 1000);
        return true;
      },
    );
    queue.reserve({ rows: 1, bytes: 0 }, { priority: 0, mayWaitMs: 500 });
  });

  it('counts only what goes before the job', async () => {
    const { queue } = await backlog();
    assert.throws(() => queue.reserve({ rows: 1, bytes: 0 }, { priority: 6, mayWaitMs: 100 }), { code: 'QUEUE_FULL' });
    // Four rows are with the model, and nothing else is as urgent.
    queue.reserve({ rows: 1, bytes: 0 }, { priority: 4, mayWaitMs: 100 });
  });

  it('refuses nobody before it is known how fast it drains, nor when the model would take the job at once', async () => {
    const { clock, queue, add, end } = setUp({ concurrency: 4, queueRows: 100 });
    const urgent = { priority: 0, mayWaitMs: 1 };
    for (let index = 0; index < 50; index += 1) {
      queue.reserve({ rows: 1, bytes: 0 }, urgent);
      add(`${index}`);
    }
    for (let index = 0; index < 50; index += 1) {
      await clock.advance(10);
      queue.release({ rows: 1, bytes: 0 });
      await end(`${index}`);
    }
    for (let index = 0; index < 4; index += 1) queue.reserve({ rows: 1, bytes: 0 }, urgent);
  });
});

describe('the turn of a job', () => {
  it('comes when a job before it has left, by priority, then deadline, then arrival', async () => {
    const { started, add, end } = setUp();
    add('first');
    add('later', { deadlineAt: 70 });
    add('low', { priority: 10, deadlineAt: 1 });
    add('sooner', { deadlineAt: 60 });
    add('sooner too', { deadlineAt: 60 });
    add('high', { priority: 1, deadlineAt: 90 });
    for (const id of ['first', 'high', 'sooner', 'sooner too', 'later', 'low']) {
      assert.equal(started.at(-1), id);
      await end(id);
    }
    assert.equal(started.length, 6);
  });

  it('comes with priority 0 as with 5, the default', async () => {
    const { started, add, end } = setUp();
    for (const [id, priority] of [
      ['first', 1],
      ['six', 6],
      ['none', 0],
      ['five', 5],
      ['four', 4],
    ] as const) {
      add(id, { priority });
    }
    for (const id of ['first', 'four', 'none', 'five', 'six']) await end(id);
    assert.deepEqual(started, ['first', 'four', 'none', 'five', 'six']);
  });

  it('comes for as many at once as the model takes, also when that changes', async () => {
    const { processor, started, add, end } = setUp({ concurrency: 2 });
    for (const id of ['a', 'b', 'c', 'd', 'e']) add(id);
    assert.deepEqual(started, ['a', 'b']);
    processor.concurrency = 3;
    add('f');
    assert.deepEqual(started, ['a', 'b', 'c']);
    await end('a');
    assert.deepEqual(started, ['a', 'b', 'c', 'd']);
  });

  it('comes for rows, whatever jobs they belong to, and for a job larger than all of that by itself', async () => {
    const { queue, started, add, end } = setUp({ concurrency: 4, queueRows: 100 });
    const rowsOf: Record<string, number> = { a: 2, b: 1, c: 9, d: 1, e: 1 };
    for (const [id, rows] of Object.entries(rowsOf)) {
      queue.reserve({ rows, bytes: 0 });
      add(id, { rows });
    }
    const leave = (id: string) => {
      queue.release({ rows: rowsOf[id] as number, bytes: 0 });
      return end(id);
    };
    assert.deepEqual(started, ['a', 'b', 'c'], 'the last one that starts may be larger than what is left');
    await leave('a');
    await leave('b');
    assert.deepEqual(started, ['a', 'b', 'c']);
    await leave('c');
    assert.deepEqual(started, ['a', 'b', 'c', 'd', 'e']);
  });

  it('never comes for a job that was removed', async () => {
    const { queue, started, add, end } = setUp();
    for (const id of ['a', 'b', 'c']) add(id, { rows: 3 });
    assert.equal(queue.waitingRows, 6);
    const remove = (id: string) => queue.remove({ id, tenant: undefined });
    assert.deepEqual([remove('b'), remove('b'), remove('a')], [true, false, false]);
    assert.equal(queue.waitingRows, 3);
    await end('a');
    await end('c');
    assert.deepEqual([started, queue.waitingRows], [['a', 'c'], 0]);
  });
});

describe('what a queue tells of itself', () => {
  it('is the age of the job that waits longest, and of none that runs', async () => {
    const { clock, queue, add, end } = setUp();
    add('running');
    await clock.advance(5);
    assert.equal(queue.oldestAgeMs, 0);
    add('b', { priority: 9 });
    await clock.advance(7);
    add('c', { priority: 1 });
    await clock.advance(2);
    assert.equal(queue.oldestAgeMs, 9);
    await end('running');
    assert.equal(queue.oldestAgeMs, 9);
    await end('c');
    assert.equal(queue.oldestAgeMs, 0);
  });
});
