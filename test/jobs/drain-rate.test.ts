import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrainRate } from '#src/jobs/drain-rate.js';

/** A queue that gave up `rows` rows every `everyMs` for `seconds`; and when that was over. */
function drained(rows: number, everyMs: number, seconds: number): { rate: DrainRate; now: number } {
  const rate = new DrainRate();
  let now = 5000;
  for (const end = now + seconds * 1000; now < end; now += everyMs) rate.record(rows, now);
  return { rate, now: now - everyMs };
}

function assertNear(actual: number | undefined, expected: number, relative: number): void {
  assert.ok(actual !== undefined && Math.abs(actual / expected - 1) <= relative, `${actual} is not near ${expected}`);
}

describe('the drain rate', () => {
  it('is not known before anything left, and then the shortest wait is advised', () => {
    const rate = new DrainRate();
    assert.equal(rate.rowsPerSecond(0), undefined);
    assert.equal(rate.retryAfterMs(1_000_000, 0), 1000);
  });

  it('is that of a steady stream, soon and later', () => {
    for (const seconds of [2, 5, 60]) {
      const { rate, now } = drained(2, 20, seconds);
      assertNear(rate.rowsPerSecond(now), 100, 0.02);
    }
  });

  it('follows the recent past', () => {
    const { rate, now } = drained(1, 100, 60);
    for (let at = now; at < now + 15_000; at += 10) rate.record(1, at);
    assertNear(rate.rowsPerSecond(now + 15_000), 100, 0.1);
  });

  it('fades when nothing leaves any more', () => {
    const { rate, now } = drained(2, 20, 60);
    assertNear(rate.rowsPerSecond(now + 5000), 100 / Math.E, 0.02);
  });

  it('advises the time that the rows will take to leave', () => {
    const { rate, now } = drained(2, 20, 60);
    assertNear(rate.retryAfterMs(1000, now), 10_000, 0.02);
    assertNear(rate.retryAfterMs(2000, now), 20_000, 0.02);
  });

  it('advises no less than a second and no more than a minute', () => {
    const { rate, now } = drained(2, 20, 60);
    assert.equal(rate.retryAfterMs(1, now), 1000);
    assert.equal(rate.retryAfterMs(1_000_000, now), 60_000);
    assert.equal(rate.retryAfterMs(1, now + 86_400_000), 60_000);
  });
});
