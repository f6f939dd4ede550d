import { gather } from '../batching/batch.js';
import { sampleBytes, sampleItem } from '../model/sample-inputs.js';
import type { Signature } from '../model/signature.js';
import type { Instance } from '../runtime/backend.js';
import { type BatchingPlan, DEFAULT_FREE_SIZE } from './batching-plan.js';

/** Larger batches are left for the first requests: making them would keep the main thread busy. */
const MAX_WARM_UP_BYTES = 64 * 1024 * 1024;

/**
 * Runs generated batches of the sizes that will be used, since the first run of a new shape is slower: the runtime
 * plans and allocates then. Sizes in between the powers of two behave like their neighbours.
 *
 * @throws MillraceError EXECUTION_FAILED if the model refuses the generated values, INSTANCE_CRASHED if it dies of them
 */
export async function warmUp(instance: Instance, signature: Signature, plan: BatchingPlan): Promise<void> {
  const freeSize = plan.freeSize ?? DEFAULT_FREE_SIZE;
  const rowBytes = sampleBytes(signature, plan.axes, freeSize);
  for (const rows of warmUpSizes(plan.maxBatchSize)) {
    if (rows * rowBytes > MAX_WARM_UP_BYTES) return;
    const request = { rows: 1, inputs: sampleItem(signature, plan.axes, { row: 0, freeSize }) };
    const requests = Array.from({ length: rows }, () => request);
    await instance.run(gather(requests, plan.axes));
  }
}

/** 1, 2, 4 … and the maximum itself. */
export function warmUpSizes(maxBatchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
  return [...sizes, maxBatchSize];
}
