import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { abortReason, Patience, type TimeLimits } from '#src/core/abort.js';
import { MillraceError } from '#src/core/errors.js';
import { VirtualClock } from '../support/virtual-clock.js';

function cancelled(): MillraceError {
  return new MillraceError('CANCELLED', 'The job was cancelled.');
}

describe('Patience', () => {
  it('ends at its deadline, and says how long the whole work was given', async () => {
    const clock = new VirtualClock({ startMs: 1000 });
    const patience = new Patience(clock, 980, { timeoutMs: 50 });
    assert.equal(patience.deadlineAt, 1030);
    await clock.advance(29);
    assert.equal(patience.aborted, false);
    await clock.advance(1);
    assert.equal(patience.aborted, true);
    const reason = abortReason(patience);
    assert.equal(reason.code, 'DEADLINE_EXCEEDED');
    assert.match(reason.message, /\b50 ms/);
    assert.equal(clock.pendingTimers, 0);
  });

  it('is over at once, but not in the constructor, when no time is left', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, -55, { timeoutMs: 50 });
    assert.equal(patience.aborted, false);
    await clock.advance(0);
    assert.equal(abortReason(patience).code, 'DEADLINE_EXCEEDED');
  });

  it('ends with the first reason only, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 0, { timeoutMs: 30 });
    const seen: unknown[] = [];
    patience.addEventListener('abort', () => seen.push(patience.reason));
    const first = cancelled();
    patience.end(first);
    assert.equal(clock.pendingTimers, 0);
    patience.end(new MillraceError('CLIENT_CLOSED_REQUEST', 'Gone.'));
    await clock.advance(100);
    assert.deepEqual(seen, [first]);
    assert.equal(abortReason(patience), first);
  });

  it('keeps the deadline as the reason when somebody cancels after it', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 0, { timeoutMs: 30 });
    await clock.advance(30);
    patience.end(cancelled());
    assert.equal(abortReason(patience).code, 'DEADLINE_EXCEEDED');
  });

  it('does not abort work that was released', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 0, { timeoutMs: 30 });
    patience.release();
    patience.release();
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(100);
    assert.equal(patience.aborted, false);
  });

  it('can still be ended after it was released', () => {
    const patience = new Patience(new VirtualClock(), 0, { timeoutMs: 30 });
    patience.release();
    const reason = cancelled();
    patience.end(reason);
    assert.equal(patience.reason, reason);
  });

  it('calls its listeners once, in the order in which they were added, when it has a reason', () => {
    const patience = new Patience(new VirtualClock(), 0, { timeoutMs: 30 });
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} ${patience.aborted} ${patience.reason?.code}`);
    patience.addEventListener('abort', note('first'));
    patience.addEventListener('abort', note('second'));
    patience.end(cancelled());
    patience.end(cancelled());
    assert.deepEqual(seen, ['first true CANCELLED', 'second true CANCELLED']);
  });

  it('calls no listener that was taken away, and none that comes too late', () => {
    const patience = new Patience(new VirtualClock(), 0, { timeoutMs: 30 });
    const seen: string[] = [];
    const gone = () => seen.push('gone');
    const neverAdded = () => seen.push('never added');
    patience.addEventListener('abort', gone);
    patience.addEventListener('abort', () => seen.push('stays'));
    patience.removeEventListener('abort', gone);
    patience.removeEventListener('abort', neverAdded);
    patience.end(cancelled());
    patience.addEventListener('abort', () => seen.push('late'));
    patience.end(cancelled());
    assert.deepEqual(seen, ['stays']);
  });
});

describe('abortReason', () => {
  it('gives the reason of a platform signal that is one of ours', () => {
    const reason = cancelled();
    assert.equal(abortReason(AbortSignal.abort(reason)), reason);
  });

  it('reads a foreign reason as CANCELLED and keeps it as the cause', () => {
    const reason = abortReason(AbortSignal.abort('because'));
    assert.deepEqual([reason.code, reason.cause], ['CANCELLED', 'because']);
  });
});

describe('the time limits of a piece of work', () => {
  const limits = { timeoutMs: 100, queueTimeoutMs: 30, executionTimeoutMs: 20 };
  /** When a patience with these limits ends, and with which message, if the work begins at `beginsAt`. */
  async function endOf(given: TimeLimits, beginsAt = Number.POSITIVE_INFINITY) {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 0, given);
    let end: number | undefined;
    patience.addEventListener('abort', () => {
      end = clock.now();
    });
    for (let now = 0; now <= 200 && end === undefined; now += 1) {
      if (now === beginsAt) patience.begin();
      if (now === beginsAt + 1) patience.begin();
      await clock.advance(1);
    }
    assert.equal(clock.pendingTimers, 0);
    return [end, patience.reason?.message];
  }

  it('are one for waiting, which is over when the work begins, one for running, and one for all', async () => {
    assert.deepEqual(await endOf(limits), [30, 'The job did not begin to run within 30 ms.']);
    assert.deepEqual(await endOf(limits, 25), [45, 'The job ran for longer than 20 ms.']);
    assert.deepEqual(await endOf({ ...limits, executionTimeoutMs: 90 }, 25), [
      100,
      'The job was not finished within 100 ms.',
    ]);
    assert.deepEqual(await endOf({ timeoutMs: 100, queueTimeoutMs: 30 }, 25), [
      100,
      'The job was not finished within 100 ms.',
    ]);
    assert.deepEqual(await endOf({ timeoutMs: 100, executionTimeoutMs: 20 }, 40), [
      60,
      'The job ran for longer than 20 ms.',
    ]);
    assert.deepEqual(await endOf({ timeoutMs: 20, queueTimeoutMs: 30 }), [
      20,
      'The job was not finished within 20 ms.',
    ]);
  });

  it('are asked of the clock too: on a busy event loop a timer is late', () => {
    let now = 0;
    const clock = {
      now: () => now,
      wallTime: () => 0,
      after: () => ({ cancel: () => undefined }),
      endOfTurn: () => undefined,
    };
    const patience = new Patience(clock, 0, limits);
    assert.equal(patience.deadlineAt, 30);
    now = 31;
    assert.deepEqual([patience.aborted, patience.reason?.details.expected], [true, 'a wait of at most 30 ms']);
    now = 0;
    const running = new Patience(clock, 0, limits);
    running.begin();
    now = 20;
    assert.equal(running.aborted, false);
    now = 21;
    assert.deepEqual([running.aborted, running.reason?.details.expected], [true, 'an execution of at most 20 ms']);
  });

  it('do not begin anew when the work is over', () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 0, limits);
    patience.release();
    patience.begin();
    assert.equal(clock.pendingTimers, 0);
  });
});
