import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CrashBudget } from '#src/batching/crash-budget.js';
import { VirtualClock } from '../support/virtual-clock.js';

function setUp() {
  const clock = new VirtualClock();
  const budget = new CrashBudget(clock);
  /** How many tries it gives before it gives none. */
  const spend = () => {
    let tries = 0;
    while (budget.take()) tries += 1;
    return tries;
  };
  return { clock, budget, spend };
}

describe('the budget for crashes', () => {
  it('gives sixteen tries at once, and two more a second', () => {
    const { clock, spend } = setUp();
    assert.equal(spend(), 16);
    clock.elapse(1_250);
    assert.equal(spend(), 2);
    clock.elapse(250);
    assert.equal(spend(), 1);
    clock.elapse(3_600_000);
    assert.equal(spend(), 16);
  });

  it('gives none after a fourth crash in a row', () => {
    const { budget } = setUp();
    for (let crash = 0; crash < 3; crash += 1) budget.crashed();
    assert.equal(budget.take(), true);
    budget.crashed();
    assert.equal(budget.take(), false);
    budget.ranWell();
    budget.crashed();
    assert.equal(budget.take(), true);
  });
});
