import { constant, float32, int64, model, node, scalar } from './model-parts.js';
import { buildModel, type ValueInfo, type WriterDatatype, type WriterDimension } from './onnx-writer.js';

/*
 * Small models, each for one thing that a server must get right. Unless a comment says otherwise they take `x`,
 * give `y`, both FP32, and `N` is the symbol of the batch axis. Models that take time are in load-models.ts.
 */

/** y = x, for any datatype and shape: what goes in must come out bit by bit. */
export function identity(datatype: WriterDatatype, shape: readonly WriterDimension[]): Uint8Array {
  const tensor = (name: string): ValueInfo => ({ name, datatype, shape });
  return buildModel({ inputs: [tensor('x')], outputs: [tensor('y')], nodes: [node('Identity', ['x'], 'y')] });
}

/** y = 2x + 1 on [N, 4]: the plain case, rows don't depend on each other. */
export const affine = (): Uint8Array => affineOn(['N', 4]);

/** y = 2x + 1 on [1, 4]: exported for a batch of one. */
export const fixedBatchOne = (): Uint8Array => affineOn([1, 4]);

/** y = 2x + 1 on [4, 2]: exported for exactly four rows. */
export const fixedBatchFour = (): Uint8Array => affineOn([4, 2]);

/** y = 2x + 1 on a scalar: shape [], where empty must not be read as unknown. */
export const scalarModel = (): Uint8Array => affineOn([]);

/** y = 2x + 1 on [?, 4]: the batch axis has no name in the export. */
export const unnamedAxes = (): Uint8Array => affineOn([null, 4]);

/** y = 2x + 1 from [a, 4] to [b, 4]: one axis, but its symbols differ between input and output. */
export const differentNames = (): Uint8Array => affineOn(['a', 4], ['b', 4]);

/** y = 2x + 1 under names with `:` and `/`, as conversions from TensorFlow leave them. */
export const oddNames = (): Uint8Array =>
  affineOn(['N', 4], ['N', 4], { x: 'serving_default/x:0', y: 'StatefulPartitionedCall/y:0' });

/** y = x on [N, 0]: tensors without elements. */
export const zeroSize = (): Uint8Array => identity('FP32', ['N', 0]);

/** BF16 on [N, 4]: onnxruntime-node doesn't load it. */
export const bf16 = (): Uint8Array => identity('BF16', ['N', 4]);

/** [T, N, 2], time first: y is the running sum over time, rows lie on axis 1. `steps` fixes T. */
export function timeMajor(steps: WriterDimension = null): Uint8Array {
  const shape = [steps, 'N', 2];
  const initializers = [int64('axis', 0)];
  return model({ x: shape }, { y: shape }, [node('CumSum', ['x', 'axis'], 'y')], initializers);
}

/** y = x · scale, x [N, 3], scale []: an input that the whole batch shares. */
export const sharedInput = (): Uint8Array =>
  model({ x: ['N', 3], scale: [] }, { y: ['N', 3] }, [node('Mul', ['x', 'scale'], 'y')]);

/** y = x − mean of x over the rows, on [N, 4]: looks like a batch, but its rows change each other. */
export const rowsInteract = (): Uint8Array =>
  model({ x: ['N', 4] }, { y: ['N', 4] }, [
    node('ReduceMean', ['x'], 'mean', { axes: { ints: [0] } }),
    node('Sub', ['x', 'mean'], 'y'),
  ]);

/** y = x − mean of x, on [2, 3]: no axis is a batch. */
export const noBatchAxis = (): Uint8Array =>
  model({ x: [2, 3] }, { y: [2, 3] }, [node('ReduceMean', ['x'], 'mean'), node('Sub', ['x', 'mean'], 'y')]);

/** Running sum along each row of [batch, seq]: two free axes, and a row's end tells whether its length was right. */
export function twoDynamicAxes(): Uint8Array {
  const initializers = [int64('axis', 1)];
  const nodes = [node('CumSum', ['x', 'axis'], 'y')];
  return model({ x: ['batch', 'seq'] }, { y: ['batch', 'seq'] }, nodes, initializers);
}

/** y = 2·transposed x, from [N, 3] to [3, columns]: the output's batch is its axis 1 and doesn't say so. */
export const hiddenOutputAxis = (): Uint8Array =>
  model({ x: ['N', 3] }, { y: [3, 'columns'] }, [
    node('Add', ['x', 'x'], 'doubled'),
    node('Transpose', ['doubled'], 'y', { perm: { ints: [1, 0] } }),
  ]);

/** Sums over windows of `length` on [N, 1, samples]: an error below `length` samples, as in models of sound. */
export function minimumLength(length = 12): Uint8Array {
  const kernel = constant('kernel', {
    datatype: 'FP32',
    shape: [1, 1, length],
    data: new Float32Array(length).fill(1),
  });
  const nodes = [node('Conv', ['x', 'kernel'], 'y', { kernel_shape: { ints: [length] } })];
  return model({ x: ['N', 1, 'samples'] }, { y: ['N', 1, 'windows'] }, nodes, [kernel]);
}

/**
 * Rows of the table [[0, 1], [10, 11], [20, 21], [30, 31]] by INT64 ids [N], or [N, ids]: one id out of range, and
 * ONNX Runtime fails the whole batch. A negative id counts from the end.
 */
export function gatherTable(ids?: number): Uint8Array {
  const table = Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31);
  const shape = ids === undefined ? ['N'] : ['N', ids];
  return buildModel({
    inputs: [{ name: 'ids', datatype: 'INT64', shape }],
    outputs: [float32('y', [...shape, 2])],
    nodes: [node('Gather', ['table', 'ids'], 'y')],
    initializers: [constant('table', { datatype: 'FP32', shape: [4, 2], data: table })],
  });
}

/** y = √x on [N, 4]: NaN for a negative input, without an error. */
export const nanForNegative = (): Uint8Array => model({ x: ['N', 4] }, { y: ['N', 4] }, [node('Sqrt', ['x'], 'y')]);

/** y = x + (1, 2, 3, 4) on [N, 4], the four numbers in a file of their own beside the model. */
export function externalData(fileName: string): { model: Uint8Array; data: Uint8Array } {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const location = { location: fileName, offset: 0, length: data.byteLength };
  const initializers = [constant('offset', { datatype: 'FP32', shape: [4], data: location })];
  const nodes = [node('Add', ['x', 'offset'], 'y')];
  return { model: model({ x: ['N', 4] }, { y: ['N', 4] }, nodes, initializers), data };
}

/** The tensors of a sequence `xs` behind one another: an input that is no tensor. */
export const notTensor = (): Uint8Array =>
  buildModel({
    inputs: [{ ...float32('xs', ['N', 2]), sequence: true }],
    outputs: [float32('y', ['N', 2])],
    nodes: [node('ConcatFromSequence', ['xs'], 'y', { axis: { int: 0 } })],
  });

/** y = x, of which the file declares no rank: ONNX Runtime reports it like a scalar. */
export const unknownRank = (): Uint8Array =>
  buildModel({
    inputs: [{ name: 'x', datatype: 'FP32' }],
    outputs: [{ name: 'y', datatype: 'FP32' }],
    nodes: [node('Identity', ['x'], 'y')],
  });

/** y = x · scale on [N, 3] where the file gives `scale` the value 2: such an input is not in the metadata. */
export const inputWithDefault = (): Uint8Array =>
  model({ x: ['N', 3], scale: [] }, { y: ['N', 3] }, [node('Mul', ['x', 'scale'], 'y')], [scalar('scale', 2)]);

function affineOn(
  input: readonly WriterDimension[],
  output = input,
  { x, y }: { x: string; y: string } = { x: 'x', y: 'y' },
): Uint8Array {
  const initializers = [scalar('two', 2), scalar('one', 1)];
  const nodes = [node('Mul', [x, 'two'], 'doubled'), node('Add', ['doubled', 'one'], y)];
  return model({ [x]: input }, { [y]: output }, nodes, initializers);
}
