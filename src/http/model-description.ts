import { type BatchAxes, type TensorSpec, wireShape } from '../model/signature.js';
import { explain } from '../pipelines/pipeline.js';
import type { BatchingPlan } from '../serving/batching-plan.js';
import { type ModelEntry, newestOf } from '../serving/model-manager.js';
import { baseName } from '../serving/model-names.js';
import type { ModelLimits } from '../serving/open-model.js';
import type { ServedModel } from '../serving/served-model.js';
import { exampleRequest } from './example-request.js';
import type { DescribedTensor, ModelDescription, ModelSummary, ModelVersion } from './model-answers.js';

/** One line of GET /models. */
export function summarise({ name, form, versions, problem }: ModelEntry): ModelSummary {
  const newest = newestOf(versions);
  const reason = newest?.reason ?? problem;
  const of = form === 'tensors' ? baseName(name) : undefined;
  return {
    name,
    ...(of === undefined ? {} : { tensors_of: of }),
    state: newest?.state ?? 'UNAVAILABLE',
    ...(reason === undefined ? {} : { reason }),
    versions: versions.map(({ ref, state, reason: versionReason, warmUp }) => {
      const why = versionReason === undefined ? {} : { reason: versionReason };
      return { version: ref.version, state, ...why, ...(warmUp === undefined ? {} : { warm_up: warmUp }) };
    }),
  };
}

/** All of GET /models/{name}. */
export function describe(entry: ModelEntry): ModelDescription {
  return { ...summarise(entry), versions: entry.versions.map((version) => describeVersion(version, entry)) };
}

function describeVersion(
  { ref, state, reason, loaded, config, limits }: ServedModel,
  { name, form }: ModelEntry,
): ModelVersion {
  const head = { version: ref.version, state, ...(reason === undefined ? {} : { reason }) };
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
