import type { BatchAxes } from '../model/signature.js';
import { concatenate, rowsOf } from '../tensor/batch-axis.js';
import { allocate } from '../tensor/datatype.js';
import { writeNumber } from '../tensor/number-element.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import type { InferenceRequest } from './batch.js';
import type { BucketConfig } from './batching-config.js';

/** A request whose tensors have sizes of the grid, and the way back. */
export interface FittedRequest {
  readonly request: InferenceRequest;
  /** Elements of its inputs, and how many of them are padding. */
  readonly elements: number;
  readonly padding: number;
  /** Cuts the outputs back to the sizes that the request had. */
  cut(outputs: NamedTensors): NamedTensors;
}

/** A dimension that is padded in one request: from which size to which. */
interface Growth {
  readonly bucket: BucketConfig;
  readonly from: number;
  readonly to: number;
}

/**
 * Brings requests of different sizes to the few sizes of a grid, so that they can share batches: what is missing is
 * padded, and the outputs are cut back. A request that would be more than `maxPadding` padding keeps its own sizes, and
 * so does one that is larger than the grid.
 */
export class ShapeBuckets {
  readonly #buckets: readonly BucketConfig[];
  readonly #maxPadding: number;
  readonly #axes: BatchAxes;

  constructor(buckets: readonly BucketConfig[], maxPadding: number, axes: BatchAxes) {
    this.#buckets = buckets;
    this.#maxPadding = maxPadding;
    this.#axes = axes;
  }

  fit(request: InferenceRequest): FittedRequest {
    const growths = this.#buckets.flatMap((bucket) => {
      const from = sizeIn(request.inputs, bucket);
      const to = from === undefined ? undefined : sizeOnGrid(bucket.sizes, from);
      return from === undefined || to === undefined || to === from ? [] : [{ bucket, from, to }];
    });
    const elements = elementsIn(request.inputs);
    // Known from the sizes alone: a tensor that is far too large must not be made to find out.
    const padding = grownElements(request.inputs, growths) - elements;
    if (padding === 0 || padding / (elements + padding) > this.#maxPadding) {
      return { request, elements, padding: 0, cut: (outputs) => outputs };
    }
    const fitted = padded(request, growths);
    return { request: fitted, elements: elements + padding, padding, cut: (outputs) => this.#cut(outputs, growths) };
  }

  /** The sizes that are worth a warm-up: those of the first grid that is a list, or none. */
  get sizes(): readonly number[] {
    const lists = this.#buckets.map(({ sizes }) => sizes).filter((sizes) => typeof sizes !== 'number');
    return lists[0] ?? [];
  }

  #cut(outputs: NamedTensors, growths: readonly Growth[]): NamedTensors {
    const cut: Record<string, Tensor> = { ...outputs };
    for (const { bucket, from, to } of growths) {
      for (const [name, axis] of Object.entries(bucket.outputs)) {
        const tensor = cut[name];
        if (tensor === undefined || tensor.shape[axis] !== to || axis === this.#axes.outputs[name]) continue;
        cut[name] = rowsOf(tensor, axis, { from: 0, count: from });
      }
    }
    return cut;
  }
}

/** The next size of the grid; undefined beyond its largest. */
export function sizeOnGrid(sizes: BucketConfig['sizes'], size: number): number | undefined {
  if (typeof sizes === 'number') return Math.max(1, Math.ceil(size / sizes)) * sizes;
  return sizes.find((each) => each >= size);
}

/** The size that the inputs of a bucket have in common; undefined if they do not. */
function sizeIn(inputs: NamedTensors, bucket: BucketConfig): number | undefined {
  const sizes = Object.entries(bucket.inputs).map(([name, axis]) => inputs[name]?.shape[axis]);
  return sizes.every((size) => size === sizes[0]) ? sizes[0] : undefined;
}

function grownElements(inputs: NamedTensors, growths: readonly Growth[]): number {
  return Object.entries(inputs).reduce((sum, [name, { shape }]) => {
    const grown = growths.reduce((sizes, { bucket, to }) => {
      const axis = bucket.inputs[name];
      return axis === undefined ? sizes : sizes.with(axis, to);
    }, shape);
    return sum + elementCount(grown);
  }, 0);
}

function padded(request: InferenceRequest, growths: readonly Growth[]): InferenceRequest {
  const inputs: Record<string, Tensor> = { ...request.inputs };
  for (const { bucket, to } of growths) {
    for (const [name, axis] of Object.entries(bucket.inputs)) {
      inputs[name] = paddedTo(inputs[name] as Tensor, { axis, to, value: bucket.padding[name] });
    }
  }
  return { ...request, inputs };
}

function paddedTo(
  tensor: Tensor,
  { axis, to, value }: { axis: number; to: number; value: number | string | undefined },
): Tensor {
  const { datatype } = tensor;
  const shape = tensor.shape.with(axis, to - (tensor.shape[axis] as number));
  const data = allocate(datatype, elementCount(shape));
  if (value !== undefined && data.length > 0) fillWith({ datatype, shape, data }, value);
  return concatenate([tensor, { datatype, shape, data }], axis);
}

/** Fills a tensor with one value; false if its datatype does not hold it. */
export function fillWith({ datatype, data }: Tensor, value: number | string): boolean {
  if (Array.isArray(data)) {
    data.fill(String(value));
    return typeof value === 'string';
  }
  if (typeof value === 'string' || !writeNumber({ datatype, data }, 0, value)) return false;
  (data as Float32Array).fill(data[0] as number);
  return true;
}

function elementsIn(inputs: NamedTensors): number {
  let sum = 0;
  for (const name in inputs) sum += (inputs[name] as Tensor).data.length;
  return sum;
}
