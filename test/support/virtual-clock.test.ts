import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtualClock } from './virtual-clock.js';

/** A clock whose callbacks write down their name and the time. */
function recorder() {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const note = (name: string) => () => {
    seen.push(`${name}@${clock.now()}`);
  };
  return { clock, seen, note };
}

describe('VirtualClock', () => {
  it('runs timers by due time, those of one instant in the order they were set', async () => {
    const { clock, seen, note } = recorder();
    clock.after(5, note('c'));
    clock.after(2, note('a'));
    clock.after(5, note('d'));
    clock.after(2.5, note('b'));
    clock.after(9, note('later'));
    await clock.advance(5);
    assert.deepEqual(seen, ['a@2', 'b@2.5', 'c@5', 'd@5']);
    assert.deepEqual([clock.now(), clock.pendingTimers, clock.nextTimerMs], [5, 1, 9]);
  });

  it('moves the wall clock along', async () => {
    const clock = new VirtualClock({ startMs: 100, wallStartMs: 5000 });
    await clock.advance(7);
    assert.deepEqual([clock.now(), clock.wallTime()], [107, 5007]);
  });

  it('takes a timer back, also from a timer of the same instant, and ignores a second cancel', async () => {
    const { clock, seen, note } = recorder();
    const first = clock.after(1, () => second.cancel());
    const second = clock.after(1, note('second'));
    await clock.advance(2);
    first.cancel();
    second.cancel();
    assert.deepEqual(seen, []);
  });

  it('settles promises and ends of turns that set each other off, without moving time', async () => {
    const { clock, seen, note } = recorder();
    clock.after(0, note('timer'));
    let chain = Promise.resolve();
    clock.endOfTurn(() => {
      for (let step = 0; step < 50; step += 1) chain = chain.then(() => undefined);
      void chain.then(note('promise')).then(() => clock.endOfTurn(note('end')));
    });
    await clock.settle();
    assert.deepEqual(seen, ['promise@0', 'end@0']);
    await clock.advance(0);
    assert.deepEqual(seen, ['promise@0', 'end@0', 'timer@0']);
  });

  it('ends the turn of one instant once, after its timers and their promises', async () => {
    const { clock, seen, note } = recorder();
    clock.after(1, () => {
      clock.endOfTurn(note('end'));
      void Promise.resolve().then(note('promise'));
    });
    clock.after(1, note('timer'));
    await clock.advance(1);
    assert.deepEqual(seen, ['promise@1', 'timer@1', 'end@1']);
  });

  it('runs a timer that a timer sets for the same instant, in a turn of its own', () => {
    const { clock, seen, note } = recorder();
    clock.after(1, () => {
      clock.after(0, note('next'));
      clock.endOfTurn(note('end'));
    });
    clock.elapse(1);
    assert.deepEqual(seen, ['end@1', 'next@1']);
  });

  it('says so when nothing settles, or when a delay is one that Node cannot hold', async () => {
    const { clock } = recorder();
    const again = () => clock.endOfTurn(again);
    again();
    await assert.rejects(clock.settle(), /Not settled/);
    const busy = new VirtualClock();
    const restart = () => void busy.after(0, restart);
    restart();
    assert.throws(() => busy.elapse(1), /Not settled/);
    assert.throws(() => clock.after(Number.POSITIVE_INFINITY, again), RangeError);
    assert.throws(() => clock.elapse(-1), RangeError);
  });

  it('does not move by itself', async () => {
    const { clock, seen, note } = recorder();
    clock.after(1, note('timer'));
    await sleep(5);
    assert.deepEqual(seen, []);
  });
});
