import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { warmUp, warmUpSizes } from '#src/serving/warm-up.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import { BackendInstance, FakeBackend } from '../support/fake-backend.js';
import { cpuSpec } from '../support/onnx-instances.js';
import { signature } from '../support/signatures.js';

describe('warmUpSizes', () => {
  it('doubles up to the maximum, and ends with it', () => {
    assert.deepEqual([1, 2, 3, 12, 16].map(warmUpSizes), [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8, 12], [1, 2, 4, 8, 16]]);
  });
});

describe('warmUp', () => {
  const declared = signature({ x: ['T', 'N', 2], rate: ['INT64', []] }, { y: ['T', 'N', 2] });
  const plan = {
    axes: { inputs: { x: 1, rate: null }, outputs: { y: 1 } },
    maxBatchSize: 3,
    unbatchedBecause: undefined,
    splits: true,
    freeSize: 5,
    buckets: undefined,
    exactBecause: undefined,
    fixedRows: undefined,
  };

  /** The shapes that an instance is given. */
  async function shapes(freeSize: number | undefined) {
    const backend = new FakeBackend();
    const seen: Record<string, readonly number[]>[] = [];
    backend.onRun = async (inputs: NamedTensors) => {
      seen.push(Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])));
      return {};
    };
    await warmUp(new BackendInstance(cpuSpec('model.onnx'), backend), declared, { ...plan, freeSize });
    return seen;
  }

  it('runs a batch of each size along the batch axis, at the free size that is known to work', async () => {
    const expected = [1, 2, 3].map((rows) => ({ x: [5, rows, 2], rate: [] }));
    assert.deepEqual(await shapes(5), expected);
  });

  it('gives free dimensions 8 where no size is known', async () => {
    assert.deepEqual((await shapes(undefined))[0], { x: [8, 1, 2], rate: [] });
  });

  it('leaves out batches larger than 64 MiB, without making them', async () => {
    const rowsRun = async (columns: number) => {
      const backend = new FakeBackend();
      const rows: (number | undefined)[] = [];
      backend.onRun = async ({ x }) => {
        rows.push(x?.shape[0]);
        return {};
      };
      const wide = signature({ x: ['FP64', ['N', columns]] }, {});
      const axes = { inputs: { x: 0 }, outputs: {} };
      await warmUp(new BackendInstance(cpuSpec('model.onnx'), backend), wide, { ...plan, axes, maxBatchSize: 8 });
      return rows;
    };
    const mebi = 2 ** 20;
    assert.deepEqual(await rowsRun(4 * mebi), [1, 2]);
    // No machine could make such a row.
    assert.deepEqual(await rowsRun(2 ** 40), []);
  });
});
