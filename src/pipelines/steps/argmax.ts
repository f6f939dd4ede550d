import { z } from 'zod';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import { StepError, stepKind, type Value } from '../step.js';
import { typeText, type ValueType } from '../value-type.js';
import { numbersOf, numericType } from './tensor-numbers.js';

/** Finds the place of the greatest element, as `numpy.argmax` does. */
export const argmax = stepKind({
  name: 'argmax',
  summary:
    'Gives the place of the greatest element along an axis, which falls away; of equal ones the first, and NaN is greater than any',
  takes: ['tensor', 'scores'],
  gives: ['tensor'],
  options: z.strictObject({
    axis: z.int().default(-1).describe('The axis, without the batch axis; -1 is the last'),
  }),
  shorthand: 'axis',
  resolve({ axis }, given) {
    const { shape } = given.kind === 'scores' ? { shape: [given.count ?? { symbol: null }] } : numericType(given);
    const at = shape === undefined ? undefined : placeOf(axis, shape.length);
    if (shape !== undefined && at === undefined) throw new StepError(`there is no axis ${axis} in ${typeText(given)}`);
    if (at !== undefined && shape?.[at] === 0)
      throw new StepError(`axis ${axis} of ${typeText(given)} has no elements`);
    const gives: ValueType = {
      kind: 'tensor',
      datatype: 'INT64',
      shape: at === undefined ? undefined : shape?.toSpliced(at, 1),
    };
    const run = (value: Value): Tensor => {
      if (given.kind !== 'scores') return greatest(value as Tensor, axis);
      const scores = value as ArrayLike<number>;
      return placesAlong(scores, [scores.length], axis);
    };
    return { name: 'argmax', gives, runs: 'javascript', run };
  },
});

function greatest(tensor: Tensor, axis: number): Tensor {
  const { datatype, shape, data } = tensor;
  // Big integers are compared as they are: as doubles, two that differ may be equal.
  const isBig = datatype === 'INT64' || datatype === 'UINT64';
  return placesAlong(isBig ? (data as ArrayLike<bigint>) : numbersOf(tensor), shape, axis);
}

/** @throws Error if there is no such axis, or nothing along it */
function placesAlong(elements: Comparable, shape: readonly number[], axis: number): Tensor {
  const at = placeOf(axis, shape.length);
  const size = at === undefined ? 0 : (shape[at] as number);
  if (at === undefined || size === 0) throw new Error(`axis ${axis} of [${shape.join(', ')}] has no elements`);
  const inner = elementCount(shape.slice(at + 1));
  const rest = shape.toSpliced(at, 1);
  const data = new BigInt64Array(elementCount(rest));
  for (let index = 0; index < data.length; index += 1) {
    const first = Math.floor(index / inner) * size * inner + (index % inner);
    data[index] = BigInt(placeOfGreatest(elements, { first, step: inner, count: size }));
  }
  return { datatype: 'INT64', shape: rest, data };
}

type Comparable = ArrayLike<number | bigint>;

function placeOfGreatest(
  elements: Comparable,
  { first, step, count }: { first: number; step: number; count: number },
): number {
  let best = 0;
  let greatest = elements[first] as number | bigint;
  for (let place = 1; place < count; place += 1) {
    // A NaN is the only value that differs from itself; the first one stays.
    if (Number.isNaN(greatest)) break;
    const element = elements[first + place * step] as number | bigint;
    if (!(element > greatest) && !Number.isNaN(element)) continue;
    best = place;
    greatest = element;
  }
  return best;
}

/** The axis counted from the front; undefined if there is none. */
function placeOf(axis: number, rank: number): number | undefined {
  const at = axis < 0 ? axis + rank : axis;
  return at >= 0 && at < rank ? at : undefined;
}
