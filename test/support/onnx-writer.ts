import { attributeTypes, dataTypes, ModelProto } from './onnx-schema.js';

/** A datatype of a model's tensors: those of the Open Inference Protocol, and BF16, which the server refuses. */
export type WriterDatatype = keyof typeof dataTypes;

/** A fixed size, the symbol of a free dimension, or null for a free dimension without a name. */
export type WriterDimension = number | string | null;

/** An input or output of the graph; without `shape` not even its rank is declared. */
export interface ValueInfo {
  readonly name: string;
  readonly datatype: WriterDatatype;
  readonly shape?: readonly WriterDimension[];
  /** The value is a sequence of such tensors. */
  readonly sequence?: boolean;
}

/** A constant tensor, row-major; FP16 and BF16 as their bit patterns. */
export interface Constant {
  readonly datatype: WriterDatatype;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | readonly string[] | ExternalData;
}

/** A constant that nodes take as an input. */
export type NamedConstant = Constant & { readonly name: string };

/** Where a constant's bytes lie outside the model: a file beside it, `offset` and `length` in bytes. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** The value of a node's attribute under the name of its type, since a JavaScript number doesn't tell 1 from 1.0. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly tensor: Constant }
  | { readonly graph: GraphDescription };

/** One operator. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A graph, of a model or inside a node: nodes in the order in which they run. */
export interface GraphDescription {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly initializers?: readonly NamedConstant[];
}

/** A model to be written. */
export interface ModelDescription extends GraphDescription {
  /** Version of the default operator set. */
  readonly opset?: number;
}

const utf8 = new TextEncoder();

/** The bytes of an ONNX file. The same description always gives the same bytes. */
export function buildModel({ opset = 17, ...description }: ModelDescription): Uint8Array {
  const graph = graphProto(description);
  const model = { irVersion: 8, producerName: 'millrace-test', graph, opsetImport: [{ domain: '', version: opset }] };
  return ModelProto.encode(model).finish();
}

function graphProto({ inputs, outputs, nodes, initializers = [] }: GraphDescription): object {
  return {
    name: 'graph',
    node: nodes.map(nodeProto),
    initializer: initializers.map((initializer) => ({ name: initializer.name, ...tensorProto(initializer) })),
    input: inputs.map(valueInfoProto),
    output: outputs.map(valueInfoProto),
  };
}

function nodeProto({ op, inputs, outputs, attributes = {} }: GraphNode, index: number): object {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeValue(value) }));
  return { name: `${op}_${index}`, opType: op, input: inputs, output: outputs, attribute };
}

function attributeValue(value: Attribute): object {
  if ('int' in value) return { type: attributeTypes.int, i: value.int };
  if ('ints' in value) return { type: attributeTypes.ints, ints: value.ints };
  if ('float' in value) return { type: attributeTypes.float, f: value.float };
  if ('floats' in value) return { type: attributeTypes.floats, floats: value.floats };
  if ('string' in value) return { type: attributeTypes.string, s: utf8.encode(value.string) };
  if ('graph' in value) return { type: attributeTypes.graph, g: graphProto(value.graph) };
  return { type: attributeTypes.tensor, t: tensorProto(value.tensor) };
}

function tensorProto({ datatype, shape, data }: Constant): object {
  const head = { dims: shape, dataType: dataTypes[datatype] };
  if (ArrayBuffer.isView(data)) {
    return { ...head, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  }
  if ('location' in data) {
    const externalData = Object.entries(data).map(([key, value]) => ({ key, value: String(value) }));
    return { ...head, externalData, dataLocation: 1 };
  }
  return { ...head, stringData: data.map((text) => utf8.encode(text)) };
}

function valueInfoProto({ name, datatype, shape, sequence = false }: ValueInfo): object {
  const tensorType = {
    elemType: dataTypes[datatype],
    ...(shape === undefined ? {} : { shape: { dim: shape.map(dimensionProto) } }),
  };
  return { name, type: sequence ? { sequenceType: { elemType: { tensorType } } } : { tensorType } };
}

function dimensionProto(size: WriterDimension): object {
  if (size === null) return {};
  return typeof size === 'number' ? { dimValue: size } : { dimParam: size };
}
