import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import * as models from './fixture-models.js';
import { heavy, mlp } from './load-models.js';
import { createModelFolder } from './model-folder.js';
import type { WriterDatatype } from './onnx-writer.js';

// onnxruntime-node 1.30 gives up on FP16 ("not enough space") where the global exists, as in Node 24.
Reflect.deleteProperty(globalThis, 'Float16Array');
const ort = await import('onnxruntime-node');

/** Severity 4: failures are what many of these models are for, and ONNX Runtime writes each to stderr. */
const quiet: InferenceSession.SessionOptions = { intraOpNumThreads: 1, logSeverityLevel: 4 };

/** Loads the model and runs it once; gives the only output. */
async function run(model: Uint8Array | string, feeds: Record<string, Tensor>): Promise<Tensor> {
  const session = await ort.InferenceSession.create(model as string, quiet);
  try {
    const outputs = await session.run(feeds);
    const [name] = session.outputNames as [string];
    return outputs[name] as Tensor;
  } finally {
    await session.release();
  }
}

/** The shapes of the inputs and of the outputs as ONNX Runtime reports them. */
async function shapes(model: Uint8Array): Promise<unknown[][]> {
  const session = await ort.InferenceSession.create(model, quiet);
  const metadata = [session.inputMetadata, session.outputMetadata];
  await session.release();
  return metadata.map((list) => list.map((value) => (value.isTensor ? value.shape : 'not a tensor')));
}

function floats(shape: number[], ...values: number[]): Tensor {
  return new ort.Tensor('float32', Float32Array.from(values), shape);
}

function ids(shape: number[], ...values: number[]): Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

function assertTensor({ dims, data }: Tensor, expectedShape: number[], ...expected: number[]): void {
  assert.deepEqual([...dims], expectedShape);
  assert.deepEqual(Array.from(data as Float32Array), expected);
}

describe('fixture models', () => {
  const samples: [WriterDatatype, Tensor][] = [
    ['BOOL', new ort.Tensor('bool', Uint8Array.of(0, 1), [1, 2])],
    ['UINT8', new ort.Tensor('uint8', Uint8Array.of(0, 255), [1, 2])],
    ['UINT16', new ort.Tensor('uint16', Uint16Array.of(0, 65535), [1, 2])],
    ['UINT32', new ort.Tensor('uint32', Uint32Array.of(0, 2 ** 32 - 1), [1, 2])],
    ['UINT64', new ort.Tensor('uint64', BigUint64Array.of(0n, 2n ** 64n - 1n), [1, 2])],
    ['INT8', new ort.Tensor('int8', Int8Array.of(-128, 127), [1, 2])],
    ['INT16', new ort.Tensor('int16', Int16Array.of(-32768, 32767), [1, 2])],
    ['INT32', new ort.Tensor('int32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1), [1, 2])],
    ['INT64', new ort.Tensor('int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), [1, 2])],
    ['FP16', new ort.Tensor('float16', Uint16Array.of(0x3c00, 0xfbff), [1, 2])],
    ['FP32', new ort.Tensor('float32', Float32Array.of(-0, 3.4e38), [1, 2])],
    ['FP64', new ort.Tensor('float64', Float64Array.of(0.1, 1.7e308), [1, 2])],
    ['BYTES', new ort.Tensor('string', ['', 'größer 🌊'], [1, 2])],
  ];
  for (const [datatype, x] of samples) {
    it(`identity gives ${datatype} back`, async () => {
      const y = await run(models.identity(datatype, ['N', 2]), { x });
      assert.equal(y.type, x.type);
      assert.deepEqual(y.data, x.data);
    });
  }

  const two = floats([2, 4], 1, 2, 3, 4, 5, 6, 7, 8);
  const doubledPlusOne = [3, 5, 7, 9, 11, 13, 15, 17];

  it('the affine models compute 2x + 1 and differ in what they declare', async () => {
    assertTensor(await run(models.affine(), { x: two }), [2, 4], ...doubledPlusOne);
    assert.deepEqual(await shapes(models.affine()), [[['N', 4]], [['N', 4]]]);
    assertTensor(await run(models.unnamedAxes(), { x: two }), [2, 4], ...doubledPlusOne);
    assert.deepEqual(await shapes(models.unnamedAxes()), [[['', 4]], [['', 4]]]);
    assertTensor(await run(models.differentNames(), { x: two }), [2, 4], ...doubledPlusOne);
    assert.deepEqual(await shapes(models.differentNames()), [[['a', 4]], [['b', 4]]]);
    assertTensor(await run(models.oddNames(), { 'serving_default/x:0': two }), [2, 4], ...doubledPlusOne);
    assertTensor(await run(models.scalarModel(), { x: floats([], 3) }), [], 7);
    assert.deepEqual(await shapes(models.scalarModel()), [[[]], [[]]]);
  });

  it('fixed batches take that many rows and no other', async () => {
    assertTensor(await run(models.fixedBatchOne(), { x: floats([1, 4], 1, 2, 3, 4) }), [1, 4], 3, 5, 7, 9);
    await assert.rejects(run(models.fixedBatchOne(), { x: two }), /invalid dimensions/);
    const four = floats([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    assertTensor(await run(models.fixedBatchFour(), { x: four }), [4, 2], ...doubledPlusOne);
  });

  it('timeMajor adds up along axis 0 and keeps the rows of axis 1 apart', async () => {
    const x = floats([3, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    assertTensor(await run(models.timeMajor(), { x }), [3, 2, 2], 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24);
    assert.deepEqual(await shapes(models.timeMajor(3)), [[[3, 'N', 2]], [[3, 'N', 2]]]);
    await assert.rejects(run(models.timeMajor(3), { x: floats([1, 1, 2], 1, 2) }), /invalid dimensions/);
  });

  it('the models with odd batch axes compute what they say', async () => {
    const scale = floats([], 2);
    assertTensor(await run(models.sharedInput(), { x: floats([1, 3], 1, 2, 3), scale }), [1, 3], 2, 4, 6);
    assertTensor(await run(models.rowsInteract(), { x: two }), [2, 4], -2, -2, -2, -2, 2, 2, 2, 2);
    assertTensor(await run(models.rowsInteract(), { x: floats([1, 4], 1, 2, 3, 4) }), [1, 4], 0, 0, 0, 0);
    const six = floats([2, 3], 1, 2, 3, 4, 5, 6);
    assertTensor(await run(models.noBatchAxis(), { x: six }), [2, 3], -2.5, -1.5, -0.5, 0.5, 1.5, 2.5);
    assertTensor(await run(models.twoDynamicAxes(), { x: two }), [2, 4], 1, 3, 6, 10, 5, 11, 18, 26);
    assertTensor(await run(models.hiddenOutputAxis(), { x: six }), [3, 2], 2, 8, 4, 10, 6, 12);
    assert.deepEqual(await shapes(models.hiddenOutputAxis()), [[['N', 3]], [[3, 'columns']]]);
    assertTensor(await run(models.zeroSize(), { x: floats([3, 0]) }), [3, 0]);
  });

  it('minimumLength fails below its length', async () => {
    const [short, long] = [8, 16].map((length) => floats([1, 1, length], ...Array.from({ length }, () => 1)));
    await assert.rejects(run(models.minimumLength(), { x: short as Tensor }), /Invalid input shape/);
    assertTensor(await run(models.minimumLength(), { x: long as Tensor }), [1, 1, 5], 12, 12, 12, 12, 12);
  });

  it('gatherTable fails on an id out of range', async () => {
    assertTensor(await run(models.gatherTable(), { ids: ids([2], 3, 0) }), [2, 2], 30, 31, 0, 1);
    assertTensor(await run(models.gatherTable(2), { ids: ids([1, 2], 1, -1) }), [1, 2, 2], 10, 11, 30, 31);
    await assert.rejects(run(models.gatherTable(), { ids: ids([3], 0, 4, 1) }), /out of data bounds/);
  });

  it('nanForNegative gives NaN for one element and leaves the rest', async () => {
    assertTensor(await run(models.nanForNegative(), { x: floats([1, 4], 4, -1, 0, 9) }), [1, 4], 2, Number.NaN, 0, 3);
  });

  it('externalData reads its numbers from the file beside it', async (t) => {
    const { model, data } = models.externalData('weights.bin');
    const folder = await createModelFolder({ 'outside/1/model.onnx': model, 'outside/1/weights.bin': data });
    t.after(() => folder.remove());
    const path = join(folder.dir, 'outside/1/model.onnx');
    assertTensor(await run(path, { x: two }), [2, 4], 2, 4, 6, 8, 6, 8, 10, 12);
    await folder.take('outside/1/weights.bin');
    await assert.rejects(run(path, { x: two }), /weights\.bin/);
  });

  it('the models for refusals are reported as the server has to expect', async () => {
    await assert.rejects(shapes(models.bf16()), /Unsupported data type: 16/);
    assert.deepEqual(await shapes(models.notTensor()), [['not a tensor'], [['N', 2]]]);
    assert.deepEqual(await shapes(models.unknownRank()), [[[]], [[]]]);
    assert.deepEqual(await shapes(models.inputWithDefault()), [[['N', 3]], [['N', 3]]]);
    const scale = floats([], 10);
    assertTensor(await run(models.inputWithDefault(), { x: floats([1, 3], 1, 2, 3), scale }), [1, 3], 2, 4, 6);
  });
});

describe('load models', () => {
  it('mlp depends on its seed alone', async () => {
    const dims = [8, 16, 3];
    assert.deepEqual(mlp(dims), mlp(dims, 1));
    assert.notDeepEqual(mlp(dims), mlp(dims, 2));
    const y = await run(mlp(dims), { x: floats([2, 8], ...Array.from({ length: 16 }, (_, index) => index)) });
    assert.deepEqual([...y.dims], [2, 3]);
  });

  it('heavy adds nothing to 2x + 1, and a NaN stays in its row', async () => {
    const x = floats([2, 4], 1, 2, 3, 4, Number.NaN, 6, 7, 8);
    assertTensor(await run(heavy(64), { x }), [2, 4], 3, 5, 7, 9, Number.NaN, 13, 15, 17);
  });
});
