import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '#src/core/clock.js';

describe('systemClock', () => {
  it('reads the monotonic and the wall time of the machine', () => {
    const [monotonic, wall] = [performance.now(), Date.now()];
    assert.ok(systemClock.now() >= monotonic && systemClock.now() <= performance.now());
    assert.ok(systemClock.wallTime() >= wall && systemClock.wallTime() <= Date.now());
  });

  it('calls a timer once, and one that was taken back never', async (t) => {
    // Timers of the system clock don't keep the process alive; this one does.
    const keepAlive = setInterval(() => undefined, 1000);
    t.after(() => clearInterval(keepAlive));
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(1, () => seen.push('taken back')).cancel();
      const fired = systemClock.after(1, () => seen.push('fired'));
      systemClock.after(1, () => {
        fired.cancel();
        fired.cancel();
        resolve();
      });
    });
    assert.deepEqual(seen, ['fired']);
  });

  it('ends the turn after the promises and ticks that are due', async () => {
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.endOfTurn(() => {
        seen.push('end');
        resolve();
      });
      process.nextTick(() => seen.push('tick'));
      void Promise.resolve().then(() => seen.push('promise'));
    });
    assert.deepEqual(seen.toSorted(), ['end', 'promise', 'tick']);
    assert.equal(seen.at(-1), 'end');
  });
});
