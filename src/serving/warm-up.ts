import { batchKey, gather, type InferenceRequest } from '../batching/batch.js';
import { copyOf } from '../batching/row-probe.js';
import { sampleBytes, sampleItem } from '../model/sample-inputs.js';
import type { Signature } from '../model/signature.js';
import type { Instance } from '../runtime/backend.js';
import { totalBytes } from '../tensor/tensor.js';
import { type BatchingPlan, DEFAULT_FREE_SIZE } from './batching-plan.js';

/** Larger batches are left for the first requests: making them would keep the main thread busy. */
const MAX_WARM_UP_BYTES = 64 * 1024 * 1024;

/** One execution of the warm-up: so many copies of one row. */
export interface WarmUpRun {
  readonly rows: number;
  readonly request: InferenceRequest;
}

/**
 * The executions that warm an instance up: each size of batch that will be used with each shape of row that is known,
 * since the first run of a new shape is slower: the runtime plans and allocates then. Sizes in between the powers of
 * two behave like their neighbours.
 *
 * @param recorded rows to run; without any, rows are generated
 */
export function warmUpRuns(
  signature: Signature,
  plan: BatchingPlan,
  recorded: readonly InferenceRequest[] = [],
): WarmUpRun[] {
  const { axes, buckets, fixedRows, maxBatchSize } = plan;
  const rows = recorded.length > 0 ? recorded : generatedRows(signature, plan);
  const fitted = rows.map((request) => buckets?.fit(request).request ?? request);
  const byShape = new Map(fitted.map((request) => [batchKey(request, axes), request]));
  const sizes = fixedRows === undefined ? warmUpSizes(maxBatchSize) : [fixedRows];
  return [...byShape.values()].flatMap((request) => {
    const bytes = totalBytes(request.inputs);
    return sizes.filter((size) => size * bytes <= MAX_WARM_UP_BYTES).map((size) => ({ rows: size, request }));
  });
}

/**
 * Runs them, one after the other.
 *
 * @param onRun called after each
 * @throws MillraceError EXECUTION_FAILED if the model refuses the values, INSTANCE_CRASHED if it dies of them
 */
export async function warmUp(
  instance: Pick<Instance, 'run'>,
  { axes }: BatchingPlan,
  { runs, onRun = () => undefined }: { runs: readonly WarmUpRun[]; onRun?: () => void },
): Promise<void> {
  for (const { rows, request } of runs) {
    const copies = Array.from({ length: rows }, () => request);
    await instance.run(copyOf(gather(copies, axes)));
    onRun();
  }
}

/** 1, 2, 4 … and the maximum itself. */
export function warmUpSizes(maxBatchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
  return [...sizes, maxBatchSize];
}

function generatedRows(
  signature: Signature,
  { axes, buckets, freeSize = DEFAULT_FREE_SIZE }: BatchingPlan,
): InferenceRequest[] {
  const sizes = buckets === undefined || buckets.sizes.length === 0 ? [freeSize] : buckets.sizes;
  return sizes
    .filter((size) => sampleBytes(signature, axes, size) <= MAX_WARM_UP_BYTES)
    .map((size) => ({ rows: 1, inputs: sampleItem(signature, axes, { row: 0, freeSize: size }) }));
}
