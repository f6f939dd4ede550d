import { gather, type InferenceRequest } from '../batching/batch.js';
import type { BatchingConfig } from '../batching/batching-config.js';
import { copyOf } from '../batching/row-probe.js';
import { reasonOf } from '../core/errors.js';
import { sampleBytes, sampleItem } from '../model/sample-inputs.js';
import type { BatchAxes, Signature } from '../model/signature.js';
import { rowsOf } from '../tensor/batch-axis.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** How executions are made so that a row gives the same bits every time. */
export interface FixedSizePlan {
  /** Rows of every execution, filled up; undefined if they have as many as there are. */
  readonly fixedRows: number | undefined;
  /** Why rows run one at a time; undefined if they need not. */
  readonly aloneBecause: string | undefined;
}

/** Generated values are made on the main thread, which must not stand still for them. */
const MAX_PROBE_BYTES = 64 * 1024 * 1024;

/**
 * Decides how `batching.deterministic` is kept. A row by itself gives the same bits every time. In batches of one size
 * it does too, but for models some of whose kernels look at where in the batch a row lies: so full batches of generated
 * rows are run in two orders, and a model of which a bit changes runs its rows one at a time.
 *
 * @param run executes one batch on the loaded model
 */
export async function planFixedSize(
  signature: Signature,
  {
    deterministic,
    ...plan
  }: Pick<BatchingConfig, 'deterministic'> & { axes: BatchAxes; rows: number; freeSize: number },
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<FixedSizePlan> {
  if (deterministic === false || plan.rows === 1) return { fixedRows: undefined, aloneBecause: undefined };
  if (deterministic === true) return { fixedRows: undefined, aloneBecause: 'deterministic is true' };
  const aloneBecause = await reasonForOne(signature, plan, run);
  return { fixedRows: aloneBecause === undefined ? plan.rows : undefined, aloneBecause };
}

async function reasonForOne(
  signature: Signature,
  { axes, rows, freeSize }: { axes: BatchAxes; rows: number; freeSize: number },
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<string | undefined> {
  const bytes = rows * sampleBytes(signature, axes, freeSize);
  if (bytes > MAX_PROBE_BYTES) return `batches of ${rows} rows take ${bytes} bytes, more than is generated to try them`;
  const items = Array.from({ length: rows }, (_, row): InferenceRequest => {
    return { rows: 1, inputs: sampleItem(signature, axes, { row, freeSize }) };
  });
  const batchOf = (order: readonly InferenceRequest[]) => run(copyOf(gather(order, axes)));
  try {
    const inOrder = await batchOf(items);
    const reversed = await batchOf(items.toReversed());
    const changed = Object.keys(inOrder).find((name) => {
      const axis = axes.outputs[name] ?? null;
      return items.some((_, row) => {
        const own = partAt(inOrder[name] as Tensor, axis, row);
        return !sameBits(own, partAt(reversed[name] as Tensor, axis, rows - 1 - row));
      });
    });
    return changed && `output ${changed} of a row depends on where in the batch it lies`;
  } catch (error) {
    return `generated batches of ${rows} rows could not be run: ${reasonOf(error)}`;
  }
}

function partAt(tensor: Tensor, axis: number | null, row: number): Tensor {
  return axis === null ? tensor : rowsOf(tensor, axis, { from: row, count: 1 });
}

function sameBits(a: Tensor, b: Tensor): boolean {
  return a.data.length === b.data.length && a.data.every((value, index) => Object.is(value, b.data[index]));
}
