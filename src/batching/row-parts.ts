import type { BatchAxes } from '../model/signature.js';
import { concatenate, rowsOf } from '../tensor/batch-axis.js';
import type { Tensor } from '../tensor/tensor.js';
import { type InferenceRequest, RowMismatch } from './batch.js';
import type { InferenceResult } from './request-part.js';

/** Some rows of a request. Inputs without a batch axis are those of the whole. */
export function partOf(
  request: InferenceRequest,
  { from, count }: { from: number; count: number },
  axes: BatchAxes,
): InferenceRequest {
  const inputs: Record<string, Tensor> = {};
  for (const name in request.inputs) {
    const tensor = request.inputs[name] as Tensor;
    const axis = axes.inputs[name] ?? null;
    // A view would not do: running a part hands its memory over, and with it that of the parts to come.
    inputs[name] = { ...tensor, data: rowsData(tensor, axis, { from, count }) };
    if (axis !== null) inputs[name] = { ...inputs[name], shape: tensor.shape.with(axis, count) };
  }
  return { ...request, rows: count, inputs };
}

function rowsData(tensor: Tensor, axis: number | null, rows: { from: number; count: number }): Tensor['data'] {
  return axis === null ? tensor.data.slice() : rowsOf(tensor, axis, rows).data.slice();
}

/** What came of some rows of a request. */
export interface PartResult {
  readonly rows: number;
  readonly result: InferenceResult;
}

/**
 * Lays what came of a request's parts behind one another, in order. An output without a batch axis is the same for
 * every row, and so that of the first part.
 *
 * @throws RowMismatch if an output of a part does not hold one row for each row of it, or has another shape per row
 */
export function joinParts(parts: readonly PartResult[], axes: BatchAxes): InferenceResult {
  const { outputs: first } = (parts[0] as PartResult).result;
  const outputs: Record<string, Tensor> = {};
  for (const name in first) {
    const axis = axes.outputs[name] ?? null;
    const own = first[name] as Tensor;
    outputs[name] =
      axis === null
        ? own
        : concatenate(
            parts.map((part) => rowsIn(part, { name, axis, own })),
            axis,
          );
  }
  const results = parts.map(({ result }) => result);
  const waitedMs = Math.min(...results.map((result) => result.waitedMs));
  return {
    outputs,
    batchRows: Math.max(...results.map(({ batchRows }) => batchRows)),
    waitedMs,
    inferenceMs: Math.max(...results.map((result) => result.waitedMs + result.inferenceMs)) - waitedMs,
  };
}

function rowsIn(
  { rows, result }: PartResult,
  { name, axis, own }: { name: string; axis: number; own: Tensor },
): Tensor {
  const tensor = result.outputs[name];
  const isAlike =
    tensor?.shape.length === own.shape.length &&
    tensor.shape.every((size, at) => size === (at === axis ? rows : own.shape[at]));
  if (isAlike) return tensor;
  throw new RowMismatch(
    `output ${name} has the shape [${tensor?.shape.join(', ')}] for ${rows} rows along axis ${axis}, beside [${own.shape.join(', ')}]`,
  );
}
