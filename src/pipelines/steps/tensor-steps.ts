import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { didYouMean } from '../../core/near-names.js';
import type { Dimension } from '../../model/signature.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { StepError, type StepKind, stepKind } from '../step.js';
import { typeText, type ValueType } from '../value-type.js';
import { argmax } from './argmax.js';
import { round } from './rounding.js';
import type { TensorValueType } from './tensor-numbers.js';

const select = stepKind({
  name: 'select',
  summary: "Takes one of the model's outputs by its name; a model with a single output does not need it",
  takes: ['tensors'],
  gives: ['tensor'],
  options: z.strictObject({
    // Exporters give outputs names such as 14, which YAML reads as a number.
    output: z.union([z.string(), z.int()]).describe('The name of the output'),
  }),
  shorthand: 'output',
  resolve({ output }, given) {
    const { tensors } = given as ValueType & { kind: 'tensors' };
    const known = Object.keys(tensors);
    const name = String(output);
    const type = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (type === undefined && known.length > 0) {
      throw new StepError(`there is no output ${name}${didYouMean(name, known)}; expected one of ${known.join(', ')}`);
    }
    return {
      name: 'select',
      gives: { kind: 'tensor', datatype: type?.datatype, shape: type?.shape },
      runs: 'javascript',
      run(value) {
        const tensor = (value as NamedTensors)[name];
        if (tensor === undefined) throw new Error(`there is no output ${name}`);
        return tensor;
      },
    };
  },
});

const reshape = stepKind({
  name: 'reshape',
  summary: 'Gives a tensor another shape; its elements stay in their order',
  takes: ['tensor'],
  gives: ['tensor'],
  options: z.strictObject({
    shape: z
      .array(z.union([z.int().min(1), z.literal(-1)]))
      .max(16)
      .refine((sizes) => sizes.filter((size) => size === -1).length <= 1, 'expected -1 at most once')
      .describe('The sizes of the dimensions, without the batch axis; one may be -1 and is worked out from the others'),
  }),
  shorthand: 'shape',
  resolve({ shape: wanted }, given) {
    const { datatype, shape } = given as TensorValueType;
    const count = shape === undefined ? undefined : countOf(shape);
    const known = count === undefined ? wanted.map(freeDimension) : filled(wanted, count);
    if (known === undefined) {
      throw new StepError(`[${wanted.join(', ')}] takes ${needed(wanted)} elements; given ${typeText(given)}`);
    }
    return {
      name: 'reshape',
      gives: { kind: 'tensor', datatype, shape: known },
      runs: 'javascript',
      run(value) {
        const tensor = value as Tensor;
        const shape = filled(wanted, tensor.data.length);
        if (shape === undefined) throw wrongCount(wanted, tensor);
        return { ...tensor, shape };
      },
    };
  },
});

/** Steps that work on tensors of any meaning. */
export const tensorSteps: readonly StepKind[] = [select, reshape, argmax, round];

/** The shape with its -1 worked out; undefined if `count` elements don't fill it. */
function filled(wanted: readonly number[], count: number): number[] | undefined {
  const others = product(wanted);
  if (!wanted.includes(-1)) return others === count ? [...wanted] : undefined;
  return count % others === 0 ? wanted.map((size) => (size === -1 ? count / others : size)) : undefined;
}

/** The product of the sizes that are given. */
function product(sizes: readonly number[]): number {
  return sizes.reduce((count, size) => (size === -1 ? count : count * size), 1);
}

function countOf(shape: readonly Dimension[]): number | undefined {
  return shape.every((size) => typeof size === 'number') ? product(shape) : undefined;
}

function freeDimension(size: number): Dimension {
  return size === -1 ? { symbol: null } : size;
}

function needed(wanted: readonly number[]): string {
  return wanted.includes(-1) ? `a multiple of ${product(wanted)}` : String(product(wanted));
}

/** That the load could not see it means that the number of elements depends on the item. */
function wrongCount(wanted: readonly number[], { shape }: Tensor): MillraceError {
  return new MillraceError('INVALID_INPUT', "The item does not fill the shape that the model's pipeline makes of it.", {
    expected: `${needed(wanted)} elements for [${wanted.join(', ')}]`,
    got: `a tensor of [${shape.join(', ')}]`,
  });
}
