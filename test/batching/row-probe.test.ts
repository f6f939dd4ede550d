import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeRows } from '#src/batching/row-probe.js';
import type { BatchAxes, Signature } from '#src/model/signature.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';

const axes: BatchAxes = { inputs: { x: 0 }, outputs: {} };
const signature: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [{ symbol: 'N' }, 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [{ symbol: 'N' }, 2] }],
};
/** Rows of any length, that is: of 8, then of 16. */
const anyLength: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [{ symbol: 'N' }, { symbol: 'length' }] }],
  outputs: signature.outputs,
};

function fp32(shape: readonly number[], values: Iterable<number>): Tensor {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
}

/** A model of one input and one output; like an instance it takes the memory of its input over. */
function model(compute: (rows: number[][]) => Tensor): (inputs: NamedTensors) => Promise<NamedTensors> {
  return async ({ x }) => {
    const { shape, data } = x as Tensor;
    const [count, width] = shape as [number, number];
    const { buffer } = data as Float32Array<ArrayBuffer>;
    const own = structuredClone(data as Float32Array, { transfer: [buffer] });
    const rows = Array.from({ length: count }, (_, row) => Array.from(own.subarray(row * width, (row + 1) * width)));
    return { y: compute(rows) };
  };
}

const doubled = (rows: number[][]) =>
  fp32(
    [rows.length, rows[0]?.length ?? 0],
    rows.flat().map((value) => 2 * value),
  );

describe('the probe of rows', () => {
  it('finds rows independent that give the same alone and together', async () => {
    const verdict = await probeRows(signature, axes, model(doubled));
    assert.deepEqual(verdict, {
      kind: 'independent',
      axes: { inputs: { x: 0 }, outputs: { y: 0 } },
      freeSize: 8,
    });
  });

  it('gives up on rows of more than 128 MiB, and makes none', async () => {
    const rowsOf = (columns: number): Signature => ({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [{ symbol: 'N' }, columns] }],
      outputs: signature.outputs,
    });
    const run = () => assert.fail('nothing should run');
    const reason = (bytes: number) => `3 rows take ${bytes} bytes, more than is generated`;
    // The second is more than any machine could make.
    for (const columns of [20_000_000, 2 ** 40]) {
      const verdict = await probeRows(rowsOf(columns), axes, run);
      assert.deepEqual(verdict, { kind: 'failed', reason: reason(3 * 4 * columns) });
    }
  });

  it('runs different rows, each alone and then all together', async () => {
    const seen: number[][][] = [];
    const watch = (rows: number[][]) => {
      seen.push(rows);
      return doubled(rows);
    };
    await probeRows(signature, axes, model(watch));
    const [first, second, third] = seen.map((rows) => rows[0]);
    assert.deepEqual(seen, [[first], [second], [third], [first, second, third]]);
    assert.equal(new Set([first, second, third].map(String)).size, 3);
  });

  it('finds rows dependent that change each other', async () => {
    const lessMean = (rows: number[][]) => {
      const means = [0, 1].map((at) => rows.reduce((sum, row) => sum + (row[at] as number), 0) / rows.length);
      return fp32(
        [rows.length, 2],
        rows.flatMap((row) => row.map((value, at) => value - (means[at] as number))),
      );
    };
    const verdict = await probeRows(signature, axes, model(lessMean));
    assert.ok(verdict.kind === 'dependent');
    assert.match(verdict.reason, /rows influence each other: output y/);
  });

  it('finds rows dependent that come back in another order', async () => {
    const verdict = await probeRows(
      signature,
      axes,
      model((rows) => doubled(rows.toReversed())),
    );
    assert.equal(verdict.kind, 'dependent');
  });

  it('finds the batch axis of an output where the signature hides it', async () => {
    const transposed = (rows: number[][]) =>
      fp32(
        [2, rows.length],
        [0, 1].flatMap((at) => rows.map((row) => row[at] as number)),
      );
    const verdict = await probeRows(signature, axes, model(transposed));
    assert.ok(verdict.kind === 'independent');
    assert.deepEqual(verdict.axes.outputs, { y: 1 });
  });

  it('lets an output be shared that is the same for every row and every batch', async () => {
    const verdict = await probeRows(
      signature,
      axes,
      model(() => fp32([3], [1, 2, 3])),
    );
    assert.ok(verdict.kind === 'independent');
    assert.deepEqual(verdict.axes.outputs, { y: null });
  });

  it('finds rows dependent when an output without a batch axis depends on them', async () => {
    const total = (rows: number[][]) => fp32([1], [rows.flat().reduce((sum, value) => sum + value, 0)]);
    assert.equal((await probeRows(signature, axes, model(total))).kind, 'dependent');
    const ofFirst = (rows: number[][]) => fp32([1], [rows[0]?.[0] ?? 0]);
    assert.equal((await probeRows(signature, axes, model(ofFirst))).kind, 'dependent');
  });

  it('finds rows dependent when the shape of an output depends on the values', async () => {
    const large = (rows: number[][]) => rows.flat().filter((value) => value > 0.4);
    const verdict = await probeRows(
      signature,
      axes,
      model((rows) => fp32([large(rows).length], large(rows))),
    );
    assert.ok(verdict.kind === 'dependent');
    assert.match(
      verdict.reason,
      /output y does not hold one row for each row of input: \[\d+\], .* alone, \[\d+\] together/,
    );
  });

  it('tries a second length where the model fails with the first', async () => {
    const atLeastTwelve = (rows: number[][]) => {
      if ((rows[0]?.length ?? 0) < 12) throw new Error('too short');
      return doubled(rows);
    };
    const verdict = await probeRows(anyLength, axes, model(atLeastTwelve));
    assert.ok(verdict.kind === 'independent');
    assert.equal(verdict.freeSize, 16);
  });

  it('tells why, when the model fails with both lengths', async () => {
    const fails = (rows: number[][]) => {
      throw new Error(`no length of ${rows[0]?.length ?? 0}`);
    };
    const verdict = await probeRows(anyLength, axes, model(fails));
    assert.ok(verdict.kind === 'failed');
    assert.match(verdict.reason, /of 8: no length of 8; with free dimensions of 16: no length of 16/);
  });

  it('fails when only the rows together do not run', async () => {
    const onlyOne = (rows: number[][]) => {
      if (rows.length > 1) throw new Error('one row at a time');
      return doubled(rows);
    };
    const verdict = await probeRows(signature, axes, model(onlyOne));
    assert.equal(verdict.kind, 'failed');
  });
});
