import { Answer } from '#src/pipelines/step.js';
import { AnswerList, type ModelResult } from '#src/serving/model-input.js';
import type { Tensor } from '#src/tensor/tensor.js';

/** A tensor of floats. */
export function fp32(shape: readonly number[], ...values: number[]): Tensor {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
}

/** A tensor of 64-bit integers. */
export function int64(shape: readonly number[], ...values: number[]): Tensor {
  return { datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** A tensor's shape and elements, to compare: elements of whatever array as a plain one. */
export function plain({ shape, data }: Tensor): { shape: number[]; values: (number | bigint | string)[] } {
  return { shape: [...shape], values: [...data] };
}

/** The plain form of each tensor of what a model without a pipeline gave. */
export function plainAll(tensors: ModelResult['outputs']): Record<string, ReturnType<typeof plain>> {
  if (tensors instanceof Answer || tensors instanceof AnswerList)
    throw new Error('tensors were expected, and a pipeline answered');
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, plain(tensor)]));
}
