import type { BatchAxes } from '../model/signature.js';
import { concatenate, eachTensor, rowsOf } from '../tensor/batch-axis.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { BatchRunner } from './batch-execution.js';

/**
 * Decorator: a runner that gives its model batches of one size alone. Smaller ones are filled up with copies of their
 * last row, whose outputs nobody sees. Runtimes compute batches of different sizes in different ways, and the last bits
 * of a row depend on which; with one size they do not.
 */
export function fixedSizeRunner(runner: BatchRunner, rows: number, axes: BatchAxes): BatchRunner {
  return {
    name: runner.name,
    async run(inputs) {
      const count = rowsIn(inputs, axes);
      if (count === undefined || count === 0 || count >= rows) return runner.run(inputs);
      const { outputs, phases } = await runner.run(
        eachTensor(inputs, axes.inputs, (tensor, axis) => (axis === null ? tensor : filledUp(tensor, axis, rows))),
      );
      const own = (tensor: Tensor, axis: number | null) =>
        axis !== null && tensor.shape[axis] === rows ? rowsOf(tensor, axis, { from: 0, count }) : tensor;
      return { outputs: eachTensor(outputs, axes.outputs, own), phases };
    },
  };
}

/** Undefined for a model none of whose inputs has a batch axis. */
function rowsIn(inputs: NamedTensors, axes: BatchAxes): number | undefined {
  for (const name in inputs) {
    const axis = axes.inputs[name] ?? null;
    if (axis !== null) return (inputs[name] as Tensor).shape[axis];
  }
  return undefined;
}

function filledUp(tensor: Tensor, axis: number, rows: number): Tensor {
  const count = tensor.shape[axis] as number;
  const last = rowsOf(tensor, axis, { from: count - 1, count: 1 });
  return concatenate([tensor, ...Array.from({ length: rows - count }, () => last)], axis);
}
