import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideRestart } from '#src/runtime/restart-policy.js';

describe('decideRestart', () => {
  it('doubles the pause with each crash in a row', () => {
    const pauses = [1, 2, 3, 4].map((crashes) => decideRestart(crashes, true));
    const expected = [100, 200, 400, 800].map((inMs) => ({ kind: 'restart', inMs }));
    assert.deepEqual(pauses, expected);
  });

  it('gives up at the fifth crash in a row and stays with it', () => {
    for (const crashes of [5, 6, 1_000]) assert.deepEqual(decideRestart(crashes, true), { kind: 'giveUp' });
  });

  it('goes on where a crash is no reason to give up, with ten seconds in between at most', () => {
    const pauses = [5, 7, 8, 5_000].map((crashes) => decideRestart(crashes, false));
    const expected = [1_600, 6_400, 10_000, 10_000].map((inMs) => ({ kind: 'restart', inMs }));
    assert.deepEqual(pauses, expected);
  });
});
