import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { abortReason, Patience } from '#src/core/abort.js';
import { MillraceError } from '#src/core/errors.js';
import { VirtualClock } from '../support/virtual-clock.js';

function cancelled(): MillraceError {
  return new MillraceError('CANCELLED', 'The job was cancelled.');
}

describe('Patience', () => {
  it('ends at its deadline, and says how long the whole work was given', async () => {
    const clock = new VirtualClock({ startMs: 1000 });
    const patience = new Patience(clock, 30, 50);
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
    const patience = new Patience(clock, -5, 50);
    assert.equal(patience.aborted, false);
    await clock.advance(0);
    assert.equal(abortReason(patience).code, 'DEADLINE_EXCEEDED');
  });

  it('ends with the first reason only, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 30, 30);
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
    const patience = new Patience(clock, 30, 30);
    await clock.advance(30);
    patience.end(cancelled());
    assert.equal(abortReason(patience).code, 'DEADLINE_EXCEEDED');
  });

  it('does not abort work that was released', async () => {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 30, 30);
    patience.release();
    patience.release();
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(100);
    assert.equal(patience.aborted, false);
  });

  it('can still be ended after it was released', () => {
    const patience = new Patience(new VirtualClock(), 30, 30);
    patience.release();
    const reason = cancelled();
    patience.end(reason);
    assert.equal(patience.reason, reason);
  });

  it('calls its listeners once, in the order in which they were added, when it has a reason', () => {
    const patience = new Patience(new VirtualClock(), 30, 30);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} ${patience.aborted} ${patience.reason?.code}`);
    patience.addEventListener('abort', note('first'));
    patience.addEventListener('abort', note('second'));
    patience.end(cancelled());
    patience.end(cancelled());
    assert.deepEqual(seen, ['first true CANCELLED', 'second true CANCELLED']);
  });

  it('calls no listener that was taken away, and none that comes too late', () => {
    const patience = new Patience(new VirtualClock(), 30, 30);
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
