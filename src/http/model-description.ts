import { sampleItem } from '../model/sample-inputs.js';
import { type BatchAxes, type TensorSpec, wireShape } from '../model/signature.js';
import type { ModelEntry } from '../serving/model-manager.js';
import type { LoadedModel, ServedModel } from '../serving/served-model.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';
import { encodeItem } from './item-encoder.js';

/** Larger examples are left out: nobody reads them. */
const MAX_EXAMPLE_ELEMENTS = 2_000;
const DEFAULT_FREE_SIZE = 8;

/** One line of GET /models. */
export function summarise({ name, versions, problem }: ModelEntry): object {
  const newest = versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1);
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
  const inputs = sampleItem(signature, plan.axes, { row: 0, freeSize: size });
  const count = Object.values(inputs).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (count > MAX_EXAMPLE_ELEMENTS) return { example_left_out: `an item has ${count} values` };
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

/** The page at `/`: what is served, and how to call it. */
export function welcomePage({
  entries,
  version,
  origin,
}: {
  entries: readonly ModelEntry[];
  version: string;
  origin: string;
}): string {
  const lines = [
    `millrace ${version}`,
    '',
    entries.length === 0 ? 'No models are served: the model folder is empty.' : 'Models:',
  ];
  for (const entry of entries) {
    const { state, reason } = summarise(entry) as { state: string; reason?: string };
    lines.push(`  ${entry.name}  ${state}${reason === undefined ? '' : `: ${reason}`}`);
  }
  for (const { versions } of entries) {
    const model = versions.findLast(({ state }) => state === 'READY');
    if (model?.loaded === undefined) continue;
    const example = exampleRequest(model.ref.model, model.loaded);
    if (!('example' in example) || JSON.stringify(example.example).length > 400) continue;
    lines.push(
      '',
      'Try one:',
      `  curl ${origin}/predict -H 'content-type: application/json' \\`,
      `    -d '${JSON.stringify(example.example)}'`,
    );
    break;
  }
  lines.push('', 'More:');
  for (const [path, text] of pages) lines.push(`  ${path.padEnd(18)} ${text}`);
  return `${lines.join('\n')}\n`;
}

const pages = [
  ['GET /models', 'what is served'],
  ['GET /models/NAME', 'inputs, outputs, batching, and an example request'],
  ['GET /jobs/ID', 'how a job stands'],
  ['GET /healthz/ready', 'whether the server can take work'],
  ['GET /metrics', 'figures for Prometheus'],
] as const;
