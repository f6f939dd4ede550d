import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideRestart } from '#src/runtime/restart-policy.js';

describe('decideRestart', () => {
  it('doubles the pause with each crash in a row', () => {
    const pauses = [1, 2, 3, 4].map((crashes) => decideRestart(crashes));
    const expected = [100, 200, 400, 800].map((inMs) => ({ kind: 'restart', inMs }));
    assert.deepEqual(pauses, expected);
  });

  it('gives up at the fifth crash in a row and stays with it', () => {
    for (const crashes of [5, 6, 1_000]) assert.deepEqual(decideRestart(crashes), { kind: 'giveUp' });
  });
});
