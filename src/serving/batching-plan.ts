import type { BatchingConfig } from '../batching/batching-config.js';
import { probeRows } from '../batching/row-probe.js';
import { proposeBatchAxes } from '../model/batch-axes.js';
import type { BatchAxes, Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';

/** How a model version is batched, and why it is not when it isn't. */
export interface BatchingPlan {
  readonly axes: BatchAxes;
  /** Rows of one execution, at most; 1 means that every request runs alone. */
  readonly maxBatchSize: number;
  /** Why requests run alone. */
  readonly unbatchedBecause: string | undefined;
  /** The size that the probe gave to free dimensions other than the batch, which is known to work; undefined if none is. */
  readonly freeSize: number | undefined;
}

/**
 * Decides whether and along which axes requests for a model may share an execution: the signature proposes,
 * model.yaml corrects, and the probe on the loaded model has the last word unless model.yaml takes it away.
 *
 * @param run executes one batch on the loaded model
 * @throws Error if model.yaml speaks of a tensor or an axis that the model does not have
 */
export async function planBatching(
  signature: Signature,
  config: BatchingConfig,
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<BatchingPlan> {
  const proposal = proposeBatchAxes(signature);
  const proposed = proposal.kind === 'candidates' ? proposal.candidates[0] : proposal.axes;
  const corrected = correctAxes(signature, proposed, config.axes);
  const alone = (axes: BatchAxes, unbatchedBecause: string): BatchingPlan => {
    return { axes, maxBatchSize: 1, unbatchedBecause, freeSize: undefined };
  };
  const isCorrected = JSON.stringify(corrected) !== JSON.stringify(proposed);
  if (!isCorrected && proposal.kind === 'none') return alone(proposed, proposal.reason);
  if (proposal.kind === 'fixedAtOne') return alone(corrected, 'the model was exported for a batch of exactly 1');
  if (config.max_batch_size === 1) return alone(corrected, 'max_batch_size is 1');
  if (config.rows_independent) {
    return { axes: corrected, maxBatchSize: config.max_batch_size, unbatchedBecause: undefined, freeSize: undefined };
  }
  const candidates = isCorrected || proposal.kind === 'none' ? [corrected] : proposal.candidates;
  let reason: string | undefined;
  for (const candidate of candidates) {
    const verdict = await probeRows(signature, candidate, run);
    if (verdict.kind === 'independent') {
      const axes = correctAxes(signature, verdict.axes, config.axes);
      return { axes, maxBatchSize: config.max_batch_size, unbatchedBecause: undefined, freeSize: verdict.freeSize };
    }
    reason ??= verdict.reason;
  }
  return alone(corrected, reason ?? 'no batch axis was found');
}

function correctAxes(signature: Signature, axes: BatchAxes, correction: BatchingConfig['axes']): BatchAxes {
  const side = (name: keyof Signature): Record<string, number | null> => {
    const corrected = { ...axes[name] };
    for (const [tensor, axis] of Object.entries(correction[name])) {
      const spec = signature[name].find((candidate) => candidate.name === tensor);
      const path = `batching.axes.${name}.${tensor}`;
      const known = signature[name].map((candidate) => candidate.name).join(', ');
      if (spec === undefined) throw new Error(`${path}: the model has no such tensor; it has ${known}`);
      if (axis !== 'shared' && axis >= spec.shape.length) {
        throw new Error(`${path}: expected an axis from 0 to ${spec.shape.length - 1}; got ${axis}`);
      }
      corrected[tensor] = axis === 'shared' ? null : axis;
    }
    return corrected;
  };
  return { inputs: side('inputs'), outputs: side('outputs') };
}
