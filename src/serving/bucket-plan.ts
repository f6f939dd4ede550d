import type { BatchingConfig, BucketConfig } from '../batching/batching-config.js';
import { alike, copyOf } from '../batching/row-probe.js';
import { fillWith, ShapeBuckets } from '../batching/shape-buckets.js';
import { reasonOf } from '../core/errors.js';
import { sampleItem } from '../model/sample-inputs.js';
import type { BatchAxes, Signature, TensorSpec } from '../model/signature.js';
import { allocate } from '../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** model.yaml speaks of a tensor or an axis that the model does not have. */
export class BatchingConfigError extends Error {}

/** How requests of different sizes are brought together, and why they are not where model.yaml wants it. */
export interface BucketPlan {
  readonly buckets: ShapeBuckets | undefined;
  readonly exactBecause: string | undefined;
}

/** What is known of the model. */
interface BucketMaterial {
  readonly config: BatchingConfig;
  readonly axes: BatchAxes;
  /** A size of free dimensions that works. */
  readonly freeSize: number | undefined;
}

/** Sizes just below the probed ones on the grid: the smaller, the cheaper. */
const PROBED_FROM = 4;

/**
 * Checks `batching.buckets` against the model, and that padding does no harm: a generated row must give the same with
 * padding as without, within the tolerance of the row probe. Else every request keeps its own sizes.
 *
 * @param run executes one batch on the loaded model
 * @throws BatchingConfigError
 */
export async function planBuckets(
  signature: Signature,
  { config, axes }: BucketMaterial,
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<BucketPlan> {
  if (config.shapes === 'exact') return { buckets: undefined, exactBecause: undefined };
  if (config.buckets.length === 0)
    throw new BatchingConfigError('batching.buckets: expected at least one for shapes: bucket');
  for (const [index, bucket] of config.buckets.entries()) {
    checkBucket(signature, axes, { bucket, path: `batching.buckets[${index}]` });
  }
  const buckets = new ShapeBuckets(config.buckets, config.max_padding, axes);
  const exactBecause = await harmOf(buckets, { signature, axes, sizes: config.buckets.map(({ sizes }) => sizes) }, run);
  return { buckets: exactBecause === undefined ? buckets : undefined, exactBecause };
}

function checkBucket(
  signature: Signature,
  axes: BatchAxes,
  { bucket, path }: { bucket: BucketConfig; path: string },
): void {
  for (const side of ['inputs', 'outputs'] as const) {
    for (const [name, axis] of Object.entries(bucket[side])) {
      const place = `${path}.${side}.${name}`;
      const spec = specOf(signature[side], name, place);
      const size = spec.shape[axis];
      if (size === undefined)
        throw new BatchingConfigError(`${place}: expected an axis from 0 to ${spec.shape.length - 1}; got ${axis}`);
      if (axis === axes[side][name]) throw new BatchingConfigError(`${place}: axis ${axis} is the batch axis`);
      if (side === 'inputs' && typeof size === 'number')
        throw new BatchingConfigError(`${place}: axis ${axis} has the fixed size ${size}, which cannot be padded`);
    }
  }
  for (const [name, value] of Object.entries(bucket.padding)) {
    const place = `${path}.padding.${name}`;
    const { datatype } = specOf(signature.inputs, name, place);
    if (fillWith({ datatype, shape: [1], data: allocate(datatype, 1) }, value)) continue;
    throw new BatchingConfigError(`${place}: ${datatype} does not hold ${JSON.stringify(value)}`);
  }
}

function specOf(specs: readonly TensorSpec[], name: string, place: string): TensorSpec {
  const spec = specs.find((each) => each.name === name);
  if (spec !== undefined) return spec;
  const known = specs.map((each) => each.name).join(', ');
  throw new BatchingConfigError(`${place}: the model has no such tensor; it has ${known}`);
}

/** What padding does to a generated row; undefined if nothing. */
async function harmOf(
  buckets: ShapeBuckets,
  { signature, axes, sizes }: { signature: Signature; axes: BatchAxes; sizes: readonly BucketConfig['sizes'][] },
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<string | undefined> {
  const freeSize = probedSize(sizes[0] as BucketConfig['sizes']);
  const request = { rows: 1, inputs: sampleItem(signature, axes, { row: 0, freeSize }) };
  const { request: padded, padding, cut } = buckets.fit(request);
  if (padding === 0) return undefined;
  try {
    const exact = await run(copyOf(request.inputs));
    const outputs = cut(await run(copyOf(padded.inputs)));
    const changed = Object.keys(exact).find((name) => !sameTensor(exact[name] as Tensor, outputs[name]));
    return changed && `padding changes output ${changed}: size ${freeSize}, padded, does not give what it gives alone`;
  } catch (error) {
    return `a generated row of size ${freeSize} could not be run: ${reasonOf(error)}`;
  }
}

/** One less than a size of the grid, so that something is to be padded. */
function probedSize(sizes: BucketConfig['sizes']): number {
  if (typeof sizes === 'number') return Math.ceil(PROBED_FROM / sizes) * sizes - 1;
  return (sizes.find((size) => size >= PROBED_FROM) ?? sizes.at(-1) ?? 1) - 1;
}

function sameTensor(a: Tensor, b: Tensor | undefined): boolean {
  return b !== undefined && a.shape.join() === b.shape.join() && alike(a, b);
}
