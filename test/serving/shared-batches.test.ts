import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { InferenceRequest } from '#src/batching/batch.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';
import * as models from '../support/fixture-models.js';
import { patient, serveFolder } from '../support/served-folder.js';
import { fp32, int64, plainAll } from '../support/tensors.js';

/** Serves a model with one instance; the function returned sends requests in one turn, and gives answers and batches. */
async function serve(t: TestContext, model: Uint8Array, yaml = '') {
  const { manager } = await serveFolder(t, { 'm/1/model.onnx': model, 'm/model.yaml': yaml });
  return (requests: readonly InferenceRequest[]) => {
    const { model: version } = manager.resolve('m', undefined);
    return Promise.all(
      requests.map(async (request) => {
        const { outputs, batchRows } = await version.infer(request, patient);
        return { outputs: plainAll(outputs), batchRows };
      }),
    );
  };
}

/** A request with these rows along axis 0. */
function request(x: Tensor, others: NamedTensors = {}): InferenceRequest {
  return { rows: x.shape[0] as number, inputs: { x, ...others } };
}

const y = (shape: number[], ...values: unknown[]) => ({ y: { shape, values } });

describe('requests that share a batch', () => {
  it('get each their own rows, along axis 0', async (t) => {
    const ask = await serve(t, models.affine());
    const answers = await ask([
      request(fp32([1, 4], 1, 2, 3, 4)),
      request(fp32([3, 4], 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33)),
      request(fp32([2, 4], -1, -2, -3, -4, 0, 0, 0, 0.5)),
    ]);
    assert.deepEqual(answers, [
      { batchRows: 6, outputs: y([1, 4], 3, 5, 7, 9) },
      { batchRows: 6, outputs: y([3, 4], 21, 23, 25, 27, 41, 43, 45, 47, 61, 63, 65, 67) },
      { batchRows: 6, outputs: y([2, 4], -1, -3, -5, -7, 1, 1, 1, 2) },
    ]);
  });

  it('get each their own rows, along axis 1', async (t) => {
    const ask = await serve(t, models.timeMajor());
    const answers = await ask([
      { rows: 1, inputs: { x: fp32([3, 1, 2], 1, 2, 3, 4, 5, 6) } },
      { rows: 2, inputs: { x: fp32([3, 2, 2], 10, 20, 30, 40, 1, 2, 3, 4, 100, 200, 300, 400) } },
      { rows: 1, inputs: { x: fp32([3, 1, 2], 0, 0, 7, 7, 0, 1) } },
    ]);
    assert.deepEqual(answers, [
      { batchRows: 4, outputs: y([3, 1, 2], 1, 2, 4, 6, 9, 12) },
      { batchRows: 4, outputs: y([3, 2, 2], 10, 20, 30, 40, 11, 22, 33, 44, 111, 222, 333, 444) },
      { batchRows: 4, outputs: y([3, 1, 2], 0, 0, 7, 7, 7, 8) },
    ]);
  });

  it('get each their own rows of an output whose signature hides the axis', async (t) => {
    const ask = await serve(t, models.hiddenOutputAxis());
    const answers = await ask([request(fp32([1, 3], 1, 2, 3)), request(fp32([2, 3], 4, 5, 6, 7, 8, 9))]);
    assert.deepEqual(answers, [
      { batchRows: 3, outputs: y([3, 1], 2, 4, 6) },
      { batchRows: 3, outputs: y([3, 2], 8, 14, 10, 16, 12, 18) },
    ]);
  });

  it('get their own rows of a hidden axis also where the operator vouches for the rows', async (t) => {
    const ask = await serve(t, models.hiddenOutputAxis(), 'batching: {rows_independent: true}');
    const answers = await ask([request(fp32([1, 3], 1, 2, 3)), request(fp32([1, 3], 4, 5, 6))]);
    assert.deepEqual(
      answers.map(({ outputs }) => outputs),
      [y([3, 1], 2, 4, 6), y([3, 1], 8, 10, 12)],
    );
  });

  it('get their own strings', async (t) => {
    const ask = await serve(t, models.identity('BYTES', ['N', 1]));
    const strings = (...data: string[]) => request({ datatype: 'BYTES', shape: [data.length, 1], data });
    assert.deepEqual(await ask([strings('a'), strings('ü', ''), strings('c')]), [
      { batchRows: 4, outputs: y([1, 1], 'a') },
      { batchRows: 4, outputs: y([2, 1], 'ü', '') },
      { batchRows: 4, outputs: y([1, 1], 'c') },
    ]);
  });

  it('keep the NaN of one row to itself', async (t) => {
    const ask = await serve(t, models.nanForNegative());
    const answers = await ask([request(fp32([1, 4], -1, 1, 4, 9)), request(fp32([1, 4], 0, 1, 4, 9))]);
    assert.deepEqual(answers, [
      { batchRows: 2, outputs: y([1, 4], Number.NaN, 1, 2, 3) },
      { batchRows: 2, outputs: y([1, 4], 0, 1, 2, 3) },
    ]);
  });
});

describe('requests that must not share a batch', () => {
  it('differ in an input that the whole batch shares', async (t) => {
    const ask = await serve(t, models.sharedInput());
    const scaled = (scale: number) => request(fp32([1, 3], 1, 2, 3), { scale: fp32([], scale) });
    assert.deepEqual(await ask([scaled(2), scaled(3), scaled(2)]), [
      { batchRows: 2, outputs: y([1, 3], 2, 4, 6) },
      { batchRows: 1, outputs: y([1, 3], 3, 6, 9) },
      { batchRows: 2, outputs: y([1, 3], 2, 4, 6) },
    ]);
  });

  it('differ in the shape of their rows', async (t) => {
    const ask = await serve(t, models.twoDynamicAxes());
    const answers = await ask([
      request(fp32([1, 2], 1, 2)),
      request(fp32([1, 3], 1, 2, 3)),
      request(fp32([2, 2], 3, 4, 5, 6)),
    ]);
    assert.deepEqual(answers, [
      { batchRows: 3, outputs: y([1, 2], 1, 3) },
      { batchRows: 1, outputs: y([1, 3], 1, 3, 6) },
      { batchRows: 3, outputs: y([2, 2], 3, 7, 5, 11) },
    ]);
  });

  it('are too many for max_batch_size', async (t) => {
    const ask = await serve(t, models.affine(), 'batching: {max_batch_size: 2}');
    const answers = await ask([1, 2, 3, 4, 5].map((value) => request(fp32([1, 4], value, value, value, value))));
    assert.deepEqual(
      answers.map(({ batchRows, outputs }) => [batchRows, outputs['y']?.values[0]]),
      [
        [2, 3],
        [2, 5],
        [2, 7],
        [2, 9],
        [1, 11],
      ],
    );
  });

  it('are rows that influence each other, unless the operator vouches for them', async (t) => {
    const two = () => [request(fp32([1, 4], 1, 1, 1, 1)), request(fp32([1, 4], 3, 3, 3, 3))];
    const alone = await (await serve(t, models.rowsInteract()))(two());
    const zeros = { batchRows: 1, outputs: y([1, 4], 0, 0, 0, 0) };
    assert.deepEqual(alone, [zeros, zeros]);
    const vouched = await (await serve(t, models.rowsInteract(), 'batching: {rows_independent: true}'))(two());
    assert.deepEqual(vouched, [
      { batchRows: 2, outputs: y([1, 4], -1, -1, -1, -1) },
      { batchRows: 2, outputs: y([1, 4], 1, 1, 1, 1) },
    ]);
  });
});

describe('a batch that the model refuses', () => {
  it('fails as a whole, and the next one runs', async (t) => {
    const ask = await serve(t, models.gatherTable());
    const id = (value: number) => ({ rows: 1, inputs: { ids: int64([1], value) } });
    await assert.rejects(ask([id(4)]), { code: 'EXECUTION_FAILED' });
    assert.deepEqual(await ask([id(1), id(3)]), [
      { batchRows: 2, outputs: y([1, 2], 10, 11) },
      { batchRows: 2, outputs: y([1, 2], 30, 31) },
    ]);
  });
});
