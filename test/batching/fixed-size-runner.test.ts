import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BatchRunner } from '#src/batching/batch-execution.js';
import { fixedSizeRunner } from '#src/batching/fixed-size-runner.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import { fp32, plainAll } from '../support/tensors.js';

const axes = { inputs: { x: 1, scale: null }, outputs: { y: 1, total: null } };
const phases = { computeInputMs: 0, computeInferMs: 0, computeOutputMs: 0 };

/** Runs a batch on a fixed size of three; gives what the model saw, and what came back. */
async function run(inputs: NamedTensors, rows = 3) {
  let seen: NamedTensors = {};
  const runner: BatchRunner = {
    name: 'r',
    run: async (batch) => {
      seen = batch;
      return { outputs: { y: batch['x'] ?? fp32([1], 9), total: fp32([1], 7) }, phases };
    },
  };
  const { outputs } = await fixedSizeRunner(runner, rows, axes).run(inputs);
  return { seen: plainAll(seen), outputs: plainAll(outputs) };
}

describe('a runner of one batch size', () => {
  it('fills up with copies of the last row, on whichever axis, and gives the own rows back', async () => {
    const { seen, outputs } = await run({ x: fp32([2, 2], 1, 2, 3, 4), scale: fp32([], 5) });
    assert.deepEqual(seen, {
      x: { shape: [2, 3], values: [1, 2, 2, 3, 4, 4] },
      scale: { shape: [], values: [5] },
    });
    assert.deepEqual(outputs, {
      y: { shape: [2, 2], values: [1, 2, 3, 4] },
      total: { shape: [1], values: [7] },
    });
  });

  it('leaves batches of that size and larger ones as they are', async () => {
    for (const rows of [2, 1]) {
      const { seen, outputs } = await run({ x: fp32([2, 2], 1, 2, 3, 4), scale: fp32([], 5) }, rows);
      assert.deepEqual(seen['x']?.shape, [2, 2]);
      assert.deepEqual(outputs['y']?.shape, [2, 2]);
    }
  });

  it('leaves a batch as it is where no input has a batch axis', async () => {
    const { seen } = await run({ scale: fp32([2], 5, 6) });
    assert.deepEqual(seen, { scale: { shape: [2], values: [5, 6] } });
  });
});
