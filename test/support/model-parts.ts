import {
  type Attribute,
  buildModel,
  type Constant,
  type GraphNode,
  type NamedConstant,
  type ValueInfo,
  type WriterDimension,
} from './onnx-writer.js';

type Shapes = Readonly<Record<string, readonly WriterDimension[]>>;

/** A model whose inputs and outputs are all FP32, given as shapes by name. */
export function model(
  inputs: Shapes,
  outputs: Shapes,
  nodes: readonly GraphNode[],
  initializers: readonly NamedConstant[] = [],
): Uint8Array {
  const declare = (shapes: Shapes) => Object.entries(shapes).map(([name, shape]) => float32(name, shape));
  return buildModel({ inputs: declare(inputs), outputs: declare(outputs), nodes, initializers });
}

/** An operator with one output. */
export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): GraphNode {
  return { op, inputs, outputs: [output], attributes };
}

/** An initializer. */
export function constant(name: string, value: Constant): NamedConstant {
  return { name, ...value };
}

/** An FP32 initializer of rank 0. */
export function scalar(name: string, value: number): NamedConstant {
  return { name, datatype: 'FP32', shape: [], data: Float32Array.of(value) };
}

/** An INT64 initializer of rank 1, or of rank 0 when it is given as one number: an axis, a shape. */
export function int64(name: string, value: number | readonly number[]): NamedConstant {
  const values = typeof value === 'number' ? [value] : value;
  const shape = typeof value === 'number' ? [] : [values.length];
  return { name, datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** An FP32 input or output. */
export function float32(name: string, shape: readonly WriterDimension[]): ValueInfo {
  return { name, datatype: 'FP32', shape };
}
