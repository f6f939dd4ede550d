import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Datatype, TensorData } from '#src/tensor/datatype.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { affine, gatherTable, identity, oddNames, sharedInput } from '../support/fixture-models.js';
import { isolations, loadInstance } from '../support/onnx-instances.js';
import { fp32, int64, plainAll } from '../support/tensors.js';

/** Four elements of each datatype, at the ends of its range; float bits that a copy by value would change. */
const samples: Record<Datatype, TensorData> = {
  BOOL: Uint8Array.of(0, 1, 1, 0),
  UINT8: Uint8Array.of(0, 1, 254, 255),
  UINT16: Uint16Array.of(0, 1, 0x8000, 0xffff),
  UINT32: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1),
  UINT64: BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
  INT8: Int8Array.of(-128, -1, 0, 127),
  INT16: Int16Array.of(-(2 ** 15), -1, 0, 2 ** 15 - 1),
  INT32: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1),
  INT64: BigInt64Array.of(-(2n ** 63n), -(2n ** 53n) - 1n, 0n, 2n ** 63n - 1n),
  FP16: Uint16Array.of(0x8000, 0x0001, 0x7c00, 0x7e01),
  FP32: new Float32Array(Uint32Array.of(0x80000000, 1, 0x7f800000, 0x7fc00001).buffer),
  FP64: Float64Array.of(-0, 5e-324, Number.NEGATIVE_INFINITY, Number.NaN),
  BYTES: ['', 'größer 🌊', 'line\nline', 'a'.repeat(10_000)],
};

/** What a tensor's memory holds, bit by bit. */
function bitsOf({ data }: Tensor): unknown {
  return Array.isArray(data) ? data : Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

for (const isolation of isolations)
  describe(`run: ${isolation}`, () => {
    for (const [datatype, data] of Object.entries(samples) as [Datatype, TensorData][]) {
      it(`gives ${datatype} back bit by bit, and also no element at all`, async (t) => {
        const instance = await loadInstance(t, identity(datatype, ['N', 2]), { isolation });
        const spec = { name: 'x', datatype, shape: [{ symbol: 'N' }, 2] };
        assert.deepEqual(instance.signature, { inputs: [spec], outputs: [{ ...spec, name: 'y' }] });
        const x: Tensor = { datatype, shape: [2, 2], data: data.slice() };
        const before = bitsOf(x);
        const { y } = (await instance.run({ x })).outputs;
        assert.ok(y !== undefined);
        assert.deepEqual([y.datatype, y.shape, bitsOf(y)], [datatype, [2, 2], before]);
        assert.equal(y.data.constructor, data.constructor);
        const empty = await instance.run({ x: { datatype, shape: [0, 2], data: data.slice(0, 0) } });
        assert.deepEqual(plainAll(empty.outputs), { y: { shape: [0, 2], values: [] } });
      });
    }

    it('runs scalars', async (t) => {
      const instance = await loadInstance(t, identity('FP32', []), { isolation });
      assert.deepEqual(instance.signature.inputs, [{ name: 'x', datatype: 'FP32', shape: [] }]);
      const { outputs } = await instance.run({ x: fp32([], 0.5) });
      assert.deepEqual(plainAll(outputs), { y: { shape: [], values: [0.5] } });
    });

    it('runs several inputs, and names with : and /', async (t) => {
      const scaled = await (await loadInstance(t, sharedInput(), { isolation })).run({
        scale: fp32([], 3),
        x: fp32([1, 3], 1, 2, 3),
      });
      assert.deepEqual(plainAll(scaled.outputs), { y: { shape: [1, 3], values: [3, 6, 9] } });
      const odd = await loadInstance(t, oddNames(), { isolation });
      const { outputs } = await odd.run({ 'serving_default/x:0': fp32([1, 4], 1, 2, 3, 4) });
      assert.deepEqual(plainAll(outputs), { 'StatefulPartitionedCall/y:0': { shape: [1, 4], values: [3, 5, 7, 9] } });
    });

    it('says how long the batch took in each phase', async (t) => {
      const instance = await loadInstance(t, affine(), { isolation });
      const { phases } = await instance.run({ x: fp32([1, 4], 1, 2, 3, 4) });
      const { computeInputMs, computeInferMs, computeOutputMs } = phases;
      for (const ms of [computeInputMs, computeInferMs, computeOutputMs]) assert.ok(ms > 0 && ms < 60_000, String(ms));
    });

    it('may take over an array that fills its buffer, but no window into a larger', async (t) => {
      const instance = await loadInstance(t, sharedInput(), { isolation });
      const whole = Float32Array.of(10);
      const larger = Float32Array.of(1, 2, 3, 4, 5, 6);
      const window = larger.subarray(3);
      const scale: Tensor = { datatype: 'FP32', shape: [], data: whole };
      const { outputs } = await instance.run({ x: { datatype: 'FP32', shape: [1, 3], data: window }, scale });
      assert.deepEqual(plainAll(outputs), { y: { shape: [1, 3], values: [40, 50, 60] } });
      assert.deepEqual([...larger], [1, 2, 3, 4, 5, 6]);
      // A thread gets the memory itself.
      if (isolation === 'thread') assert.equal(whole.buffer.byteLength, 0);
    });

    it('copies a window that is a Buffer, whose slices are no copies', async (t) => {
      const instance = await loadInstance(t, identity('UINT8', ['N', 2]), { isolation });
      const larger = Uint8Array.of(1, 2, 3, 4, 5, 6);
      for (const data of [Buffer.from(larger.buffer, 2, 2), Buffer.from([3, 4])]) {
        const { outputs } = await instance.run({ x: { datatype: 'UINT8', shape: [1, 2], data } });
        assert.deepEqual(plainAll(outputs), { y: { shape: [1, 2], values: [3, 4] } });
        assert.deepEqual([...larger, ...data], [1, 2, 3, 4, 5, 6, 3, 4]);
      }
    });

    it('takes two inputs that share one buffer', async (t) => {
      const instance = await loadInstance(t, sharedInput(), { isolation });
      const both = Float32Array.of(7);
      const x: Tensor = { datatype: 'FP32', shape: [0, 3], data: new Float32Array(both.buffer, 0, 0) };
      const { outputs } = await instance.run({ x, scale: { datatype: 'FP32', shape: [], data: both } });
      assert.deepEqual(plainAll(outputs), { y: { shape: [0, 3], values: [] } });
    });

    it('tells what the model has against the values, without a path, and goes on', async (t) => {
      const instance = await loadInstance(t, gatherTable(), { isolation });
      await assert.rejects(instance.run({ ids: int64([2], 0, 4) }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'EXECUTION_FAILED');
        assert.match(error.message, /^The model raised an error: .*idx=4/);
        assert.doesNotMatch(error.message, /\/\w+\/|0x[0-9a-f]{6}/);
        return true;
      });
      const { outputs } = await instance.run({ ids: int64([1], 3) });
      assert.deepEqual(plainAll(outputs), { y: { shape: [1, 2], values: [30, 31] } });
    });

    it('never cuts a string short: one with a NUL comes back whole, or is refused', async (t) => {
      const instance = await loadInstance(t, identity('BYTES', ['N']), { isolation });
      const outcome = await instance.run({ x: { datatype: 'BYTES', shape: [1], data: ['a\u0000b'] } }).then(
        ({ outputs }) => outputs['y']?.data,
        (error: Error & { code?: string }) => error.code,
      );
      assert.ok(outcome === 'EXECUTION_FAILED' || outcome?.[0] === 'a\u0000b', JSON.stringify(outcome));
    });
  });
