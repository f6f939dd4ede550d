import { MillraceError } from '../core/errors.js';
import { allocate, type Datatype, datatypes, type NumericArray, type TensorData } from './datatype.js';

/** A dense array of `shape`, its elements row-major in `data`. */
export interface Tensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Tensors by the name of the model's input or output. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/**
 * The number of elements of a shape; a scalar (shape `[]`) has one.
 *
 * @throws MillraceError INVALID_INPUT if a dimension is negative or fractional, or the product is beyond 2^53
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const [axis, size] of shape.entries()) {
    count *= size;
    if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(count)) {
      throw new MillraceError(
        'INVALID_INPUT',
        `Dimension ${axis} of the shape [${shape.join(', ')}] is not possible.`,
        {
          path: `shape[${axis}]`,
          expected: 'whole numbers from 0 whose product is below 2^53',
          got: String(size),
        },
      );
    }
  }
  return count;
}

/** The bytes that a tensor's elements take; for strings their UTF-16 length, which is what they take in memory here. */
export function byteLength({ datatype, data }: Tensor): number {
  const { bytes } = datatypes[datatype];
  if (bytes !== undefined) return bytes * data.length;
  return (data as string[]).reduce((sum, text) => sum + 2 * text.length, 0);
}

/** The bytes of all tensors of a request. */
export function totalBytes(tensors: NamedTensors): number {
  let sum = 0;
  for (const name in tensors) sum += byteLength(tensors[name] as Tensor);
  return sum;
}

/** The same tensor in memory of its own. */
export function copyOf({ datatype, shape, data }: Tensor): Tensor {
  if (Array.isArray(data)) return { datatype, shape, data: data.slice() };
  // Not `slice`: a Buffer's is no copy.
  const copy = allocate(datatype, data.length) as NumericArray & { set(source: NumericArray): void };
  copy.set(data);
  return { datatype, shape, data: copy };
}
