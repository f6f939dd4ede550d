import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EventLoopLag } from '#src/observe/event-loop-lag.js';

/** Stops the event loop, as a long computation would. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('EventLoopLag', () => {
  it('is zero before there was anything to measure', (t) => {
    const lag = new EventLoopLag();
    t.after(() => lag.close());
    assert.deepEqual(lag.read(), [
      ['p50', 0],
      ['p99', 0],
      ['max', 0],
    ]);
  });

  it('says how long the loop stood still, less the resolution of the measurement, and begins anew', async (t) => {
    const lag = new EventLoopLag();
    t.after(() => lag.close());
    // A sample is the distance of two ticks, and each turn of the loop has one tick.
    for (let turn = 0; turn < 5; turn += 1) {
      block(50);
      await nextTurn();
    }
    const { max } = Object.fromEntries(lag.read()) as { max: number };
    // A tick that was due after 1 ms and came after 50 is 49 late; later on a busy machine.
    assert.ok(max >= 0.045, String(max));
    assert.deepEqual(Object.fromEntries(lag.read()), { p50: 0, p99: 0, max: 0 });
  });
});
