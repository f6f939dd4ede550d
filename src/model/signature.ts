import type { Datatype } from '../tensor/datatype.js';

/** A dimension: a fixed size, or a free one under its symbol (null where the export gave it no name). */
export type Dimension = number | { readonly symbol: string | null };

/** One input or output of a model as its file declares it. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly Dimension[];
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * The axis of each tensor along which independent items lie; null for a tensor that has none: an input that the
 * whole batch shares, an output that is the same for all.
 */
export interface BatchAxes {
  readonly inputs: Readonly<Record<string, number | null>>;
  readonly outputs: Readonly<Record<string, number | null>>;
}

/** `[N, 4]`, with `?` for a free dimension that has no name. */
export function shapeText(shape: readonly Dimension[]): string {
  return `[${shape.map((size) => (typeof size === 'number' ? size : (size.symbol ?? '?'))).join(', ')}]`;
}

/** The shape of one item: the tensor's without its batch axis. */
export function itemShape(shape: readonly Dimension[], batchAxis: number | null): readonly Dimension[] {
  return batchAxis === null ? shape : shape.toSpliced(batchAxis, 1);
}

/** The shape with -1 for each free dimension, as the Open Inference Protocol writes it. */
export function wireShape(shape: readonly Dimension[]): number[] {
  return shape.map((size) => (typeof size === 'number' ? size : -1));
}
