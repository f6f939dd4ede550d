import { constant, int64, model, node, scalar } from './model-parts.js';
import type { GraphNode, NamedConstant } from './onnx-writer.js';

/* Models that take time, for benchmarks and for tests in which an instance has to be busy. */

/**
 * A perceptron from x [N, first dim] to y [N, last dim], FP32, with ReLU between its layers: 21 MB by default, and a
 * model that gains much from batches. Weights are uniform in ±1/√(inputs of the layer) and depend on `seed` alone.
 */
export function mlp(dims: readonly number[] = [512, 2048, 2048, 10], seed = 1): Uint8Array {
  const random = uniform(seed);
  const nodes: GraphNode[] = [];
  const initializers: NamedConstant[] = [];
  const layers = dims.length - 1;
  for (let layer = 0; layer < layers; layer += 1) {
    const [fanIn, fanOut] = dims.slice(layer, layer + 2) as [number, number];
    const weights = Float32Array.from({ length: fanIn * fanOut }, () => random() / Math.sqrt(fanIn));
    const bias = Float32Array.from({ length: fanOut }, () => random() / Math.sqrt(fanIn));
    initializers.push(
      constant(`weights_${layer}`, { datatype: 'FP32', shape: [fanIn, fanOut], data: weights }),
      constant(`bias_${layer}`, { datatype: 'FP32', shape: [fanOut], data: bias }),
    );
    const input = layer === 0 ? 'x' : `hidden_${layer - 1}`;
    const sum = layer === layers - 1 ? 'y' : `sum_${layer}`;
    nodes.push(node('Gemm', [input, `weights_${layer}`, `bias_${layer}`], sum));
    if (sum !== 'y') nodes.push(node('Relu', [sum], `hidden_${layer}`));
  }
  const [first, last] = [dims[0] as number, dims[layers] as number];
  return model({ x: ['N', first] }, { y: ['N', last] }, nodes, initializers);
}

/**
 * y = 2x + 1 on [N, 4], after a product of two size × size matrices that adds nothing: the run takes about
 * 2·size³ operations whatever the batch (on one core some 3 ms for 512, 25 ms for 1024, 200 ms for 2048), and
 * 8·size² bytes.
 */
export function heavy(size = 512): Uint8Array {
  const initializers = [scalar('zero', 0), scalar('one', 1), scalar('two', 2), int64('matrix_shape', [size, size])];
  const nodes = [
    // The zero is made of the batch's shape: of a constant, the product would be computed while loading; of the
    // values, one row's NaN would reach all.
    node('Shape', ['x'], 'shape'),
    node('ReduceMax', ['shape'], 'largest', { keepdims: { int: 0 } }),
    node('Cast', ['largest'], 'number', { to: { int: 1 } }),
    node('Mul', ['number', 'zero'], 'nothing'),
    node('Expand', ['nothing', 'matrix_shape'], 'matrix'),
    node('MatMul', ['matrix', 'matrix'], 'product'),
    node('ReduceSum', ['product'], 'weightless', { keepdims: { int: 0 } }),
    node('Mul', ['x', 'two'], 'doubled'),
    node('Add', ['doubled', 'one'], 'sum'),
    node('Add', ['sum', 'weightless'], 'y'),
  ];
  return model({ x: ['N', 4] }, { y: ['N', 4] }, nodes, initializers);
}

/** Uniform numbers in [-1, 1): mulberry32, which gives the same sequence everywhere. */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
