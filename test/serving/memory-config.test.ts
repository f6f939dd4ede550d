import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { describe, it } from 'node:test';
import { budgetBytes, memoryLimit, serverMemorySchema } from '#src/serving/memory-config.js';

describe('memory.budget', () => {
  for (const [text, bytes] of [
    [1_000, 1_000],
    ['2 GiB', 2 ** 31],
    ['1.5GB', 1.5e9],
    ['500 mb', 5e8],
    ['64KiB', 65_536],
    ['7 B', 7],
    ['80%', 800],
    ['12.5 %', 125],
  ] as const) {
    it(`takes ${text}`, () => {
      const { budget } = serverMemorySchema.parse({ budget: text });
      assert.equal(budgetBytes(budget, 1_000), bytes);
    });
  }

  for (const wrong of [0, -1, 1.5, '', '12', 'GiB', '2 TiB', '-2 GiB', '2 GiB or so', null]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.equal(serverMemorySchema.safeParse({ budget: wrong }).success, false);
    });
  }

  it('is a share of what the process may take, which is no more than the machine has', () => {
    assert.ok(memoryLimit() > 0 && memoryLimit() <= totalmem());
    assert.equal(budgetBytes(serverMemorySchema.parse({}).budget), Math.floor(memoryLimit() * 0.8));
  });
});
