import { MillraceError } from '../../core/errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { StepError, type Value } from '../step.js';
import { typeText, type ValueType } from '../value-type.js';
import { numbersOf, numericType } from './tensor-numbers.js';

/** How a step reads the scores of an item, one number for each class. */
export interface ScoreReader {
  /** The number of classes, if it is known when the model loads. */
  readonly count: number | undefined;
  /** @throws Error if the model gave something else than it declares */
  read(value: Value): ArrayLike<number>;
}

/**
 * Reads scores from scores, or from a tensor of one dimension.
 *
 * @throws StepError if what is given is no such thing
 */
export function scoreReader(given: ValueType): ScoreReader {
  if (given.kind === 'scores') return { count: given.count, read: (value) => value as ArrayLike<number> };
  const { shape } = numericType(given);
  if (shape !== undefined && shape.length !== 1) {
    throw new StepError(`expected scores, or a tensor of one dimension; given ${typeText(given)}`);
  }
  const [count] = shape ?? [];
  const read = (value: Value) => {
    checkRank(value as Tensor, 1);
    return numbersOf(value as Tensor);
  };
  return { count: typeof count === 'number' ? count : undefined, read };
}

/**
 * A model of which a batch gives more or less than one row for an item is found out here, before its rows are taken
 * for classes.
 *
 * @throws Error if a tensor has another number of dimensions than was declared
 */
export function checkRank({ shape }: Tensor, rank: number): void {
  if (shape.length === rank) return;
  throw new Error(`expected a tensor of ${rank} dimensions; the model gave [${shape.join(', ')}]`);
}

/** The error of a score that nothing can be made of. */
export function unusableScore(value: unknown, element: number): MillraceError {
  return new MillraceError('OUTPUT_NOT_FINITE', 'The model gave a score that says nothing.', {
    path: 'output',
    expected: 'finite numbers',
    got: `${String(value)} in element ${element}`,
  });
}
