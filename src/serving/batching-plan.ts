import type { BatchingConfig } from '../batching/batching-config.js';
import { type ProbeVerdict, probeRows } from '../batching/row-probe.js';
import type { ShapeBuckets } from '../batching/shape-buckets.js';
import { proposeBatchAxes } from '../model/batch-axes.js';
import type { BatchAxes, Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { BatchingConfigError, planBuckets } from './bucket-plan.js';
import { planFixedSize } from './fixed-size-plan.js';

/** How a model version is batched, and why it is not when it isn't. */
export interface BatchingPlan {
  readonly axes: BatchAxes;
  /** Rows of one execution, at most; 1 means that every request runs alone. */
  readonly maxBatchSize: number;
  /** Why requests run alone. */
  readonly unbatchedBecause: string | undefined;
  /** Whether a request of more rows than that may be run in parts: its rows are independent, and those of its outputs are known. */
  readonly splits: boolean;
  /** The size that the probe gave to free dimensions other than the batch, which is known to work; undefined if none is. */
  readonly freeSize: number | undefined;
  /** Brings requests to common sizes; undefined if each keeps its own. */
  readonly buckets: ShapeBuckets | undefined;
  /** Why requests keep their own sizes, where model.yaml wants them rounded up. */
  readonly exactBecause: string | undefined;
  /** Rows of every execution, where model.yaml wants the same bits every time. */
  readonly fixedRows: number | undefined;
}

/** For free dimensions of which no size is known to work. */
export const DEFAULT_FREE_SIZE = 8;

type AxesPlan = Pick<BatchingPlan, 'axes' | 'maxBatchSize' | 'unbatchedBecause' | 'splits' | 'freeSize'>;

type Run = (inputs: NamedTensors) => Promise<NamedTensors>;

/**
 * Decides whether and along which axes requests for a model may share an execution: the signature proposes,
 * model.yaml corrects, and the probe on the loaded model has the last word unless model.yaml takes it away. The probe
 * also runs for a model that is not to be batched, since it finds the axes of outputs whose signature hides them.
 *
 * @param run executes one batch on the loaded model
 * @throws BatchingConfigError
 */
export async function planBatching(signature: Signature, config: BatchingConfig, run: Run): Promise<BatchingPlan> {
  const plan = await planAxes(signature, config, run);
  const bucketPlan = await planBuckets(signature, { config, ...plan }, run);
  const { deterministic } = config;
  const { axes, maxBatchSize: rows, freeSize = DEFAULT_FREE_SIZE } = plan;
  const { fixedRows, aloneBecause } = await planFixedSize(signature, { deterministic, axes, rows, freeSize }, run);
  const alone = aloneBecause === undefined ? {} : { maxBatchSize: 1, unbatchedBecause: aloneBecause };
  return { ...plan, ...alone, ...bucketPlan, fixedRows };
}

async function planAxes(signature: Signature, config: BatchingConfig, run: Run): Promise<AxesPlan> {
  const proposal = proposeBatchAxes(signature);
  const proposed = proposal.kind === 'candidates' ? proposal.candidates : ([proposal.axes] as const);
  const isCorrected = Object.keys({ ...config.axes.inputs, ...config.axes.outputs }).length > 0;
  const first = correctAxes(signature, proposed[0], config.axes);
  if (!isCorrected && proposal.kind !== 'candidates') {
    const reason = proposal.kind === 'none' ? proposal.reason : 'the model was exported for a batch of exactly 1';
    const splits = proposal.kind === 'fixedAtOne' && Object.values(first.outputs).every((axis) => axis !== null);
    return { axes: first, maxBatchSize: 1, unbatchedBecause: reason, splits, freeSize: undefined };
  }
  const verdict = await probeCandidates(signature, isCorrected ? [first] : proposed, run);
  const found = verdict.kind === 'failed' ? undefined : verdict.axes;
  const axes = found === undefined ? first : correctAxes(signature, found, config.axes);
  const freeSize = verdict.kind === 'failed' ? undefined : verdict.freeSize;
  const reason = reasonAgainst(config, { verdict, axes });
  const unbatchedBecause = config.max_batch_size === 1 ? 'max_batch_size is 1' : reason;
  const maxBatchSize = unbatchedBecause === undefined ? config.max_batch_size : 1;
  return { axes, maxBatchSize, unbatchedBecause, splits: reason === undefined, freeSize };
}

function reasonAgainst(
  config: BatchingConfig,
  { verdict, axes }: { verdict: ProbeVerdict; axes: BatchAxes },
): string | undefined {
  const found = verdict.kind === 'failed' ? undefined : verdict.axes?.outputs;
  for (const [name, axis] of Object.entries(axes.outputs)) {
    // Without the probe's word an output that seems to have no batch axis would go whole to every request.
    if (found === undefined && axis === null && config.axes.outputs[name] === undefined) {
      return `the batch axis of output ${name} is not known; name it in batching.axes.outputs${whyNot(verdict)}`;
    }
    if (found !== undefined && found[name] !== axis && !config.rows_independent) {
      return `the probe found the rows of output ${name} on ${axisText(found[name])}, model.yaml says ${axisText(axis)}`;
    }
  }
  return config.rows_independent || verdict.kind === 'independent' ? undefined : verdict.reason;
}

function whyNot(verdict: ProbeVerdict): string {
  return verdict.kind === 'independent' ? '' : ` (${verdict.reason})`;
}

function axisText(axis: number | null | undefined): string {
  return typeof axis === 'number' ? `axis ${axis}` : 'no axis';
}

/** The verdict on the first candidate whose rows are independent, else that on the first of all. */
async function probeCandidates(
  signature: Signature,
  candidates: readonly BatchAxes[],
  run: Run,
): Promise<ProbeVerdict> {
  let first: ProbeVerdict | undefined;
  for (const candidate of candidates) {
    const verdict = await probeRows(signature, candidate, run);
    if (verdict.kind === 'independent') return verdict;
    first ??= verdict;
  }
  return first ?? { kind: 'failed', reason: 'no batch axis was found' };
}

function correctAxes(signature: Signature, axes: BatchAxes, correction: BatchingConfig['axes']): BatchAxes {
  const side = (name: keyof Signature): Record<string, number | null> => {
    const corrected = { ...axes[name] };
    for (const [tensor, axis] of Object.entries(correction[name])) {
      corrected[tensor] = axis === 'shared' ? null : checkedAxis(signature, { side: name, tensor, axis });
    }
    return corrected;
  };
  return { inputs: side('inputs'), outputs: side('outputs') };
}

function checkedAxis(
  signature: Signature,
  { side, tensor, axis }: { side: keyof Signature; tensor: string; axis: number },
): number {
  const path = `batching.axes.${side}.${tensor}`;
  const spec = signature[side].find(({ name }) => name === tensor);
  if (spec === undefined) {
    const known = signature[side].map(({ name }) => name).join(', ');
    throw new BatchingConfigError(`${path}: the model has no such tensor; it has ${known}`);
  }
  const rank = spec.shape.length;
  if (rank === 0) throw new BatchingConfigError(`${path}: a scalar has no axis; expected shared; got ${axis}`);
  if (axis >= rank) throw new BatchingConfigError(`${path}: expected an axis from 0 to ${rank - 1}; got ${axis}`);
  return axis;
}
