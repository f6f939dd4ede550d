import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scheduleFrom } from '#src/v2/schedule.js';

describe('scheduleFrom', () => {
  it('takes the defaults where nothing is said', () => {
    assert.deepEqual(scheduleFrom({ mine: 'too' }), { priority: 0, timeoutMs: undefined });
    assert.deepEqual(scheduleFrom({ priority: 0, timeout: 0 }), { priority: 0, timeoutMs: undefined });
  });

  it('reads the timeout in microseconds, and no longer than a day', () => {
    assert.equal(scheduleFrom({ timeout: 1_500 }).timeoutMs, 1.5);
    assert.equal(scheduleFrom({ timeout: 9e15 }).timeoutMs, 86_400_000);
  });

  it('reads 64-bit numbers as digits and as BigInt', () => {
    assert.deepEqual(scheduleFrom({ priority: '2', timeout: 3_000n }), { priority: 2, timeoutMs: 3 });
  });

  it('takes a priority that there is no level for as the default', () => {
    assert.equal(scheduleFrom({ priority: 10 }).priority, 10);
    assert.equal(scheduleFrom({ priority: 11 }).priority, 0);
  });

  const bad: [what: string, parameters: Record<string, unknown>, message: RegExp][] = [
    ['a negative timeout', { timeout: -1 }, /'timeout' must be a whole number/],
    ['a fraction', { priority: 1.5 }, /'priority' must be a whole number/],
    ['a word', { timeout: 'soon' }, /'timeout' must be/],
    ['null', { priority: null }, /'priority' must be/],
    ['a name that Triton keeps for itself', { triton_final_response: true }, /starting with 'triton_' are reserved/],
  ];
  for (const [what, parameters, message] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => scheduleFrom(parameters), { code: 'INVALID_REQUEST', message });
    });
  }
});
