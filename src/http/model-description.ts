import { sampleElements, sampleItem } from '../model/sample-inputs.js';
import { type BatchAxes, type TensorSpec, wireShape } from '../model/signature.js';
import { type ModelEntry, newestOf } from '../serving/model-manager.js';
import type { LoadedModel } from '../serving/open-model.js';
import type { ServedModel } from '../serving/served-model.js';
import type { Tensor } from '../tensor/tensor.js';
import { encodeItem } from './item-encoder.js';

/** Larger examples are left out: nobody reads them. */
const MAX_EXAMPLE_ELEMENTS = 2_000;
const DEFAULT_FREE_SIZE = 8;

/** One line of GET /models. */
export function summarise({ name, versions, problem }: ModelEntry): object {
  const newest = newestOf(versions);
  const reason = newest?.reason ?? problem;
  return {
    name,
    state: newest?.state ?? 'UNAVAILABLE',
    ...(reason === undefined ? {} : { reason }),
    versions: versions.map(({ ref, state, reason: versionReason }) => {
      return { version: ref.version, state, ...(versionReason === undefined ? {} : { reason: versionReason }) };
    }),
  };
}

/** All of GET /models/{name}. */
export function describe(entry: ModelEntry): object {
  return { ...summarise(entry), versions: entry.versions.map(describeVersion) };
}

function describeVersion({ ref, state, reason, loaded, config, limits }: ServedModel): object {
  const head = { version: ref.version, state, ...(reason === undefined ? {} : { reason }) };
  if (loaded === undefined) return head;
  const { signature, plan, provider, instances } = loaded;
  return {
    ...head,
    inputs: signature.inputs.map((spec) => describeTensor(spec, plan.axes.inputs)),
    outputs: signature.outputs.map((spec) => describeTensor(spec, plan.axes.outputs)),
    batching: {
      batched: plan.maxBatchSize > 1,
      ...(plan.unbatchedBecause === undefined ? {} : { reason: plan.unbatchedBecause }),
      policy: config.batching.policy,
      max_batch_size: plan.maxBatchSize,
      max_queue_delay_ms: config.batching.max_queue_delay_ms,
    },
    instances: {
      count: instances.size,
      live: instances.live,
      restarts: instances.restarts,
      isolation: config.instances.isolation,
    },
    execution_provider: provider,
    limits: { queue_rows: limits.queueRows, queue_bytes: limits.queueBytes, timeout_ms: limits.timeoutMs },
    ...exampleRequest(ref.model, loaded),
  };
}

/** `shape` has -1 for free dimensions and holds the batch axis, if there is one, at `batch_axis`. */
function describeTensor({ name, datatype, shape }: TensorSpec, axes: BatchAxes['inputs']): object {
  const symbols = shape.map((size) => (typeof size === 'number' ? null : size.symbol));
  return { name, datatype, shape: wireShape(shape), symbols, batch_axis: axes[name] ?? null };
}

/** A body for POST /predict that works, with generated values. */
export function exampleRequest(
  model: string,
  { signature, plan }: LoadedModel,
): { example: object } | { example_left_out: string } {
  const size = plan.freeSize ?? DEFAULT_FREE_SIZE;
  const count = sampleElements(signature, plan.axes, size);
  if (count > MAX_EXAMPLE_ELEMENTS) return { example_left_out: `an item has ${count} values` };
  const inputs = sampleItem(signature, plan.axes, { row: 0, freeSize: size });
  const rounded = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, roundValues(tensor)]));
  const axes = { inputs: plan.axes.inputs, outputs: plan.axes.inputs };
  const item = JSON.parse(encodeItem(rounded, axes)) as Record<string, unknown>;
  const names = Object.keys(item);
  // A single tensor may stand bare, unless it would be taken for the object that names it.
  const input = names.length === 1 ? item[names[0] as string] : item;
  return { example: { model, input } };
}

function roundValues(tensor: Tensor): Tensor {
  if (tensor.datatype !== 'FP32' && tensor.datatype !== 'FP64') return tensor;
  const data = Float64Array.from(tensor.data as Float32Array, (value) => Math.round(value * 1e3) / 1e3);
  return { datatype: 'FP64', shape: tensor.shape, data };
}
