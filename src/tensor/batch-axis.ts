import { allocate, type NumericArray, type TensorData } from './datatype.js';
import { elementCount, type NamedTensors, type Tensor } from './tensor.js';

/*
 * A batch is several tensors laid behind one another along one axis. Row-major, that axis cuts each tensor into
 * `outer` equal blocks (the product of the dimensions before it), and block i of the batch is block i of each part
 * in turn. With the batch axis in front there is one block, and a part of the batch is a plain view of it.
 */

/**
 * Lays tensors of one datatype behind one another along `axis`.
 *
 * @param parts tensors whose shapes differ at most in `shape[axis]`; at least one
 */
export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0] as Tensor;
  if (parts.length === 1) return first;
  const rows = parts.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
  const shape = first.shape.with(axis, rows);
  const data = allocate(first.datatype, elementCount(shape));
  const outer = elementCount(shape.slice(0, axis));
  const blocks = parts.map((part) => part.data.length / outer);
  let at = 0;
  for (let block = 0; block < outer; block += 1) {
    for (const [index, part] of parts.entries()) {
      const size = blocks[index] as number;
      copyElements(part.data, block * size, size, data, at);
      at += size;
    }
  }
  return { datatype: first.datatype, shape, data };
}

/**
 * `count` rows of a batch, from row `from` on. With the batch axis in front, numbers are a view of the batch's own
 * memory, not a copy.
 */
export function rowsOf(batch: Tensor, axis: number, { from, count }: { from: number; count: number }): Tensor {
  const rows = batch.shape[axis] as number;
  const shape = batch.shape.with(axis, count);
  if (from === 0 && count === rows) return batch;
  const rowSize = rows === 0 ? 0 : batch.data.length / rows;
  if (axis === 0 || elementCount(batch.shape.slice(0, axis)) === 1) {
    return { datatype: batch.datatype, shape, data: view(batch.data, from * rowSize, (from + count) * rowSize) };
  }
  const outer = elementCount(batch.shape.slice(0, axis));
  const inner = outer === 0 ? 0 : rowSize / outer;
  const data = allocate(batch.datatype, outer * count * inner);
  for (let block = 0; block < outer; block += 1) {
    copyElements(batch.data, (block * rows + from) * inner, count * inner, data, block * count * inner);
  }
  return { datatype: batch.datatype, shape, data };
}

/** One item as a batch of one: the tensor with a batch axis of size 1, or as it is for null. No copy. */
export function asBatchOfOne(item: Tensor, axis: number | null): Tensor {
  return axis === null ? item : { ...item, shape: item.shape.toSpliced(axis, 0, 1) };
}

/** The only item of a batch: the tensor without its batch axis, or as it is where that does not hold one. No copy. */
export function onlyItem(batch: Tensor, axis: number | null): Tensor {
  return axis !== null && batch.shape[axis] === 1 ? { ...batch, shape: batch.shape.toSpliced(axis, 1) } : batch;
}

/** Applies `change` to each tensor with its batch axis. */
export function eachTensor(
  tensors: NamedTensors,
  axes: Readonly<Record<string, number | null>>,
  change: (tensor: Tensor, axis: number | null) => Tensor,
): NamedTensors {
  const changed: Record<string, Tensor> = {};
  for (const name in tensors) changed[name] = change(tensors[name] as Tensor, axes[name] ?? null);
  return changed;
}

function view(data: TensorData, from: number, to: number): TensorData {
  return Array.isArray(data) ? data.slice(from, to) : data.subarray(from, to);
}

function copyElements(source: TensorData, from: number, count: number, target: TensorData, at: number): void {
  if (Array.isArray(source)) {
    for (let index = 0; index < count; index += 1) (target as string[])[at + index] = source[from + index] as string;
    return;
  }
  // Both arrays are of the batch's one datatype, which the types can't say.
  const part = from === 0 && count === source.length ? source : source.subarray(from, from + count);
  (target as NumericArray & { set(source: NumericArray, at: number): void }).set(part, at);
}
