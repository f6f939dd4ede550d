import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PoisonRate } from '#src/batching/poison-rate.js';
import { propertyRuns } from '../support/property-runs.js';

const MAX = 64;

/** Runs requests in batches of the size that the rate allows; gives the mean size of the later half. */
function steadySize(rate: PoisonRate, isPoison: () => boolean, requests = 20_000): number {
  const sizes: number[] = [];
  for (let done = 0; done < requests; done += sizes.at(-1) as number) {
    const size = rate.limit(MAX);
    sizes.push(size);
    rate.note(size, Array.from({ length: size }, isPoison).includes(true));
  }
  const later = sizes.slice(sizes.length / 2);
  return later.reduce((sum, size) => sum + size, 0) / later.length;
}

/** Poison by chance, the same in each run. */
function chance(share: number): () => boolean {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < share;
  };
}

describe('the size of batches', () => {
  it('is what it may be as long as nothing fails, and for a single failure', () => {
    const rate = new PoisonRate();
    assert.equal(rate.limit(16), 16);
    for (let batch = 0; batch < 100; batch += 1) rate.note(16, false);
    assert.equal(rate.limit(4_096), 4_096);
    rate.note(16, true);
    assert.equal(rate.limit(16), 16);
  });

  it('comes near ln 2 / p where each row is poison with the probability p', () => {
    for (const share of [1 / 16, 1 / 32]) {
      const size = steadySize(new PoisonRate(), chance(share));
      const best = Math.LN2 / share;
      assert.ok(size > 0.7 * best && size < 1.4 * best, `${size} rows at ${share}, ${best} would be best`);
    }
  });

  it('is 1 where everything fails, and grows back when nothing does', () => {
    const rate = new PoisonRate();
    assert.ok(steadySize(rate, () => true, 2_000) < 1.01);
    assert.equal(rate.limit(MAX), 1);
    let requests = 0;
    for (; rate.limit(MAX) < MAX && requests < 10_000; requests += rate.limit(MAX)) rate.note(rate.limit(MAX), false);
    assert.ok(requests < 1_000, `${requests} good requests`);
  });

  it('is always from 1 to what it may be', () => {
    const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 4_096 }), fc.boolean()), { maxLength: 200 });
    const property = fc.property(batches, fc.integer({ min: 1, max: 4_096 }), (history, most) => {
      const rate = new PoisonRate();
      for (const [requests, failed] of history) rate.note(requests, failed);
      const limit = rate.limit(most);
      assert.ok(Number.isInteger(limit) && limit >= 1 && limit <= most, `${limit} of ${most}`);
    });
    fc.assert(property, propertyRuns(200));
  });
});
