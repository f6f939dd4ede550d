import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeRows } from '#src/batching/row-probe.js';
import type { BatchAxes, Signature } from '#src/model/signature.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';

const axes: BatchAxes = { inputs: { x: 0 }, outputs: {} };
const signature: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [{ symbol: 'N' }, 2] }],
  outputs: [],
};

describe('what the probe takes for the same', () => {
  /** The verdict on a model whose output is `alone` for a single row, and `together` in every row of a batch. */
  async function verdictOn(
    datatype: Tensor['datatype'],
    alone: Tensor['data'],
    together: (data: Tensor['data']) => Tensor['data'],
  ): Promise<string> {
    const run = async ({ x }: NamedTensors): Promise<NamedTensors> => {
      const rows = x?.shape[0] as number;
      if (rows === 1) return { y: { datatype, shape: [1, alone.length], data: alone } };
      const row = together(alone.slice());
      const data = Array.isArray(row) ? [...row, ...row, ...row] : tripled(row);
      return { y: { datatype, shape: [rows, row.length], data } };
    };
    return (await probeRows(signature, axes, run)).kind;
  }

  function tripled(row: Exclude<Tensor['data'], string[]>): Tensor['data'] {
    const copy = structuredClone(row) as Float64Array;
    const data = new (copy.constructor as Float64ArrayConstructor)(3 * copy.length);
    for (const at of [0, 1, 2]) data.set(copy, at * copy.length);
    return data;
  }

  const fp64 = (alone: number, together: number) =>
    verdictOn('FP64', Float64Array.of(alone), () => Float64Array.of(together));

  it('numbers up to 1e-3 of the larger one plus 1e-5 apart', async () => {
    assert.equal(await fp64(100, 100.1), 'independent');
    assert.equal(await fp64(100, 100.12), 'dependent');
    assert.equal(await fp64(-100, -100.1), 'independent');
    assert.equal(await fp64(-100, -100.12), 'dependent');
    assert.equal(await fp64(0, 1e-5), 'independent');
    assert.equal(await fp64(0, 1.1e-5), 'dependent');
    assert.equal(await fp64(100, -100), 'dependent');
  });

  it('NaN and the infinities only themselves', async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    assert.equal(await fp64(nan, nan), 'independent');
    assert.equal(await fp64(nan, 1), 'dependent');
    assert.equal(await fp64(infinity, infinity), 'independent');
    assert.equal(await fp64(infinity, -infinity), 'dependent');
    assert.equal(await fp64(infinity, 1), 'dependent');
    assert.equal(await fp64(0, -0), 'independent');
  });

  it('half floats by their value, not by their bits', async () => {
    const half = (alone: number, together: number) =>
      verdictOn('FP16', Uint16Array.of(alone), () => Uint16Array.of(together));
    assert.equal(await half(0x3c00, 0x3c01), 'independent');
    assert.equal(await half(0x3c00, 0x3c02), 'dependent');
    assert.equal(await half(0x0001, 0x8001), 'independent');
  });

  it('64-bit integers and strings exactly', async () => {
    const int64 = (together: bigint) => verdictOn('INT64', BigInt64Array.of(10_000n), () => BigInt64Array.of(together));
    assert.equal(await int64(10_000n), 'independent');
    assert.equal(await int64(10_001n), 'dependent');
    assert.equal(await verdictOn('BYTES', ['cat'], () => ['cat']), 'independent');
    assert.equal(await verdictOn('BYTES', ['cat'], () => ['dog']), 'dependent');
  });
});
