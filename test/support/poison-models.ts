import { constant, int64, model, node, scalar } from './model-parts.js';
import { buildModel } from './onnx-writer.js';

/*
 * Models on which some inputs are poison: ONNX Runtime raises an error that fails the whole batch. Good rows leave each
 * other alone. `gatherTable` in fixture-models.ts is another one.
 */

/** y = 2x on [N, 4], by way of rows of 4, or of 7 if any x[0] of the batch is above 1000: that fits no good number of rows. */
export const reshapeByData = (): Uint8Array =>
  model(
    { x: ['N', 4] },
    { y: ['N', 4] },
    [
      node('Gather', ['x', 'first'], 'heads', { axis: { int: 1 } }),
      node('Greater', ['heads', 'limit'], 'are_above'),
      node('Cast', ['are_above'], 'above', { to: { int: 7 } }),
      node('ReduceMax', ['above'], 'any_above', { keepdims: { int: 0 } }),
      node('Mul', ['any_above', 'three'], 'more'),
      node('Add', ['more', 'four'], 'width'),
      node('Unsqueeze', ['width', 'axis'], 'widths'),
      node('Concat', ['rest', 'widths'], 'rows', { axis: { int: 0 } }),
      node('Reshape', ['x', 'rows'], 'reshaped'),
      node('Add', ['reshaped', 'reshaped'], 'y'),
    ],
    [
      int64('first', [0]),
      scalar('limit', 1_000),
      int64('three', 3),
      int64('four', 4),
      int64('axis', [0]),
      int64('rest', [-1]),
    ],
  );

/** y = x[0] / x[1] of integers, on [N, 2]: an error if any x[1] is 0. */
export const integerDivision = (): Uint8Array =>
  buildModel({
    inputs: [{ name: 'x', datatype: 'INT32', shape: ['N', 2] }],
    outputs: [{ name: 'y', datatype: 'INT32', shape: ['N', 1] }],
    nodes: [
      node('Gather', ['x', 'first'], 'numerator', { axis: { int: 1 } }),
      node('Gather', ['x', 'second'], 'denominator', { axis: { int: 1 } }),
      node('Div', ['numerator', 'denominator'], 'y'),
    ],
    initializers: [int64('first', [0]), int64('second', [1])],
  });

/** Rows of a table by INT64 ids [N, 2]: y[0] = 10 · ids[0], y[1] = 10 · ids[1]; an error for an id that is not below `size`. */
export function tenTimes(size: number): Uint8Array {
  const table = Float32Array.from({ length: size }, (_, id) => 10 * id);
  return buildModel({
    inputs: [{ name: 'ids', datatype: 'INT64', shape: ['N', 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['N', 2] }],
    nodes: [node('Gather', ['table', 'ids'], 'y')],
    initializers: [constant('table', { datatype: 'FP32', shape: [size], data: table })],
  });
}

/**
 * The model of `tenTimes` with two layers of 1536 × 1536 in front that add nothing, and are read from memory for each
 * batch, however small: it fails only after all that work.
 */
export function deepGather(size: number): Uint8Array {
  const width = 1_536;
  const weights = { datatype: 'FP32', shape: [width, width], data: new Float32Array(width * width) } as const;
  const table = Float32Array.from({ length: size }, (_, id) => 10 * id);
  return buildModel({
    inputs: [{ name: 'ids', datatype: 'INT64', shape: ['N', 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['N', 2] }],
    nodes: [
      node('Cast', ['ids'], 'numbers', { to: { int: 1 } }),
      node('MatMul', ['numbers', 'wide'], 'first'),
      node('MatMul', ['first', 'weights_1'], 'second'),
      node('MatMul', ['second', 'weights_2'], 'third'),
      node('MatMul', ['third', 'narrow'], 'nothing'),
      node('Cast', ['nothing'], 'offset', { to: { int: 7 } }),
      node('Add', ['ids', 'offset'], 'same_ids'),
      node('Gather', ['table', 'same_ids'], 'y'),
    ],
    initializers: [
      constant('wide', { datatype: 'FP32', shape: [2, width], data: new Float32Array(2 * width) }),
      constant('weights_1', weights),
      constant('weights_2', weights),
      constant('narrow', { datatype: 'FP32', shape: [width, 2], data: new Float32Array(2 * width) }),
      constant('table', { datatype: 'FP32', shape: [size], data: table }),
    ],
  });
}
