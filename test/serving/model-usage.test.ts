import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ModelUsage } from '#src/serving/model-usage.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('ModelUsage', () => {
  it('knows when it was last used', async () => {
    const clock = new VirtualClock();
    const usage = new ModelUsage(clock);
    await clock.advance(10);
    usage.hold(2);
    await clock.advance(10);
    assert.deepEqual([usage.isIdle, usage.lastUsedAt], [false, 20]);
    usage.release();
    await clock.advance(10);
    usage.release();
    await clock.advance(10);
    assert.deepEqual([usage.isIdle, usage.lastUsedAt], [true, 30]);
    assert.throws(() => usage.release(), /more often/);
  });

  it('waits until nobody uses it, or for its time', async () => {
    const clock = new VirtualClock();
    const usage = new ModelUsage(clock);
    await usage.whenIdle(10);
    usage.hold();
    const settled: string[] = [];
    void usage.whenIdle(100).then(() => settled.push('long'));
    void usage.whenIdle(50).then(() => settled.push('short'));
    await clock.advance(60);
    assert.deepEqual(settled, ['short']);
    usage.release();
    await clock.settle();
    assert.deepEqual([settled, clock.pendingTimers], [['short', 'long'], 0]);
  });
});
