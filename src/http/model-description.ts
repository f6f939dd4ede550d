import type { ModelState } from '../core/events.js';
import { type BatchAxes, type TensorSpec, wireShape } from '../model/signature.js';
import { explain } from '../pipelines/pipeline.js';
import type { BatchingPlan } from '../serving/batching-plan.js';
import { type ModelEntry, newestOf } from '../serving/model-entry.js';
import { baseName } from '../serving/model-names.js';
import type { ModelLimits } from '../serving/open-model.js';
import type { ServedModel } from '../serving/served-model.js';
import { exampleRequest } from './example-request.js';
import type { DescribedTensor, ModelDescription, ModelSummary, ModelVersion, VersionHead } from './model-answers.js';

/** What is known of the memory of models. */
interface Memory {
  readonly loader: { bytesOf(model: ServedModel): number };
}

/** One line of GET /models. */
export function summarise(
  { name, form, versions, aliases, problem, reloadProblem }: ModelEntry,
  { loader }: Memory,
): ModelSummary {
  const of = form === 'tensors' ? baseName(name) : undefined;
  return {
    name,
    ...(of === undefined ? {} : { tensors_of: of }),
    ...standing({ versions, problem }),
    ...(reloadProblem === undefined ? {} : { reload_problem: reloadProblem }),
    ...(Object.keys(aliases).length === 0 ? {} : { aliases }),
    versions: versions.map((model) => versionHead(model, loader)),
  };
}

/** How a model stands as a whole: as the version that requests without one are for. */
export function standing({ versions, problem }: Pick<ModelEntry, 'versions' | 'problem'>): {
  state: ModelState;
  reason?: string;
} {
  const newest = newestOf(versions);
  const reason = newest?.reason ?? problem;
  return { state: newest?.state ?? 'UNAVAILABLE', ...(reason === undefined ? {} : { reason }) };
}

/** All of GET /models/{name}. */
export function describe(entry: ModelEntry, memory: Memory): ModelDescription {
  const versions = entry.versions.map((version) => describeVersion(version, entry, memory));
  return { ...summarise(entry, memory), versions };
}

/** `memory_bytes` is an estimate, and there while the version is loaded. */
function versionHead(model: ServedModel, loader: Memory['loader']): VersionHead {
  const { ref, state, reason, isResident, warmUp } = model;
  const memory = isResident && state !== 'LOADING' ? { memory_bytes: loader.bytesOf(model) } : {};
  const warming = warmUp === undefined ? {} : { warm_up: warmUp };
  return { version: ref.version, state, ...(reason === undefined ? {} : { reason }), ...memory, ...warming };
}

function describeVersion(model: ServedModel, { name, form }: ModelEntry, { loader }: Memory): ModelVersion {
  const { loaded, config, limits } = model;
  const head = versionHead(model, loader);
  if (loaded === undefined) return head;
  const { signature, plan, provider, instances, pipeline } = loaded;
  return {
    ...head,
    ...(pipeline === undefined || form === 'tensors' ? {} : { pipeline: explain(pipeline.pipeline) }),
    inputs: signature.inputs.map((spec) => describeTensor(spec, plan.axes.inputs)),
    outputs: signature.outputs.map((spec) => describeTensor(spec, plan.axes.outputs)),
    batching: {
      batched: plan.maxBatchSize > 1,
      ...(plan.unbatchedBecause === undefined ? {} : { reason: plan.unbatchedBecause }),
      policy: config.batching.policy,
      max_batch_size: plan.maxBatchSize,
      max_queue_delay_ms: config.batching.max_queue_delay_ms,
      ...(config.batching.shapes === 'exact' ? {} : describeBuckets(plan)),
      ...(config.batching.deterministic === false
        ? {}
        : { rows_of_every_execution: plan.fixedRows ?? plan.maxBatchSize }),
    },
    instances: {
      count: instances.size,
      live: instances.live,
      restarts: instances.restarts,
      isolation: config.instances.isolation,
    },
    execution_provider: provider,
    limits: describeLimits(limits),
    ...exampleRequest({ name, form }, loaded),
  };
}

/** What became of the wish that sizes be rounded up. */
function describeBuckets({ buckets, exactBecause }: BatchingPlan): Partial<NonNullable<ModelVersion['batching']>> {
  return {
    shapes: buckets === undefined ? 'exact' : 'bucket',
    ...(exactBecause === undefined ? {} : { shapes_reason: exactBecause }),
  };
}

function describeLimits({
  queueRows,
  queueBytes,
  timeoutMs,
  ...limits
}: ModelLimits): NonNullable<ModelVersion['limits']> {
  const { maxRows, queueTimeoutMs, executionTimeoutMs } = limits;
  return {
    queue_rows: queueRows,
    queue_bytes: queueBytes,
    ...(maxRows === undefined ? {} : { max_rows: maxRows }),
    timeout_ms: timeoutMs,
    ...(queueTimeoutMs === undefined ? {} : { queue_timeout_ms: queueTimeoutMs }),
    execution_timeout_ms: executionTimeoutMs,
  };
}

/** `shape` has -1 for free dimensions and holds the batch axis, if there is one, at `batch_axis`. */
function describeTensor({ name, datatype, shape }: TensorSpec, axes: BatchAxes['inputs']): DescribedTensor {
  const symbols = shape.map((size) => (typeof size === 'number' ? null : size.symbol));
  return { name, datatype, shape: wireShape(shape), symbols, batch_axis: axes[name] ?? null };
}
