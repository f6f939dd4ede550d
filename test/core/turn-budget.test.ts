import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '#src/core/clock.js';
import { TurnBudget } from '#src/core/turn-budget.js';

/** A clock of which the test moves the time, and ends the turns. */
function manualClock() {
  let now = 0;
  let atEnd: (() => void)[] = [];
  const clock: Clock = {
    now: () => now,
    wallTime: () => now,
    after: () => ({ cancel: () => undefined }),
    endOfTurn: (run) => atEnd.push(run),
  };
  return {
    clock,
    pass: (ms: number) => {
      now += ms;
    },
    endTurn: async () => {
      const runs = atEnd;
      atEnd = [];
      for (const run of runs) run();
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
  };
}

describe('TurnBudget', () => {
  it('lets work begin at once while there is time', () => {
    const { clock, pass } = manualClock();
    const budget = new TurnBudget(clock);
    assert.equal(budget.enter(), undefined);
    pass(4.9);
    assert.equal(budget.enter(), undefined);
  });

  it('has the rest wait for the next turn, and again if that is used up', async () => {
    const { clock, pass, endTurn } = manualClock();
    const budget = new TurnBudget(clock);
    void budget.enter();
    pass(5);
    const begun: number[] = [];
    for (const piece of [1, 2, 3]) {
      void (async () => {
        await budget.enter();
        begun.push(piece);
        pass(3);
      })();
    }
    assert.deepEqual(begun, []);
    await endTurn();
    assert.deepEqual(begun, [1, 2]);
    await endTurn();
    assert.deepEqual(begun, [1, 2, 3]);
  });

  it('begins anew with each turn', async () => {
    const { clock, pass, endTurn } = manualClock();
    const budget = new TurnBudget(clock);
    void budget.enter();
    pass(100);
    await endTurn();
    assert.equal(budget.enter(), undefined);
  });
});
