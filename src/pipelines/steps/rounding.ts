import { z } from 'zod';
import type { Datatype } from '../../tensor/datatype.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Step, stepKind } from '../step.js';
import type { Label, ValueType } from '../value-type.js';
import { numbersOf, numericType } from './tensor-numbers.js';

/**
 * Rounds what is going to be read by people. The result is held in double precision: a float32 nearest to 0.9983 is
 * 0.9983000159…, while the double nearest to it is written as 0.9983.
 */
export const round = stepKind({
  name: 'round',
  summary:
    'Rounds numbers, or the scores of labels, to so many digits after the point: to the nearest, from halfway on away from zero; floats become FP64',
  takes: ['tensor', 'scores', 'labels'],
  gives: ['tensor', 'scores', 'labels'],
  options: z.strictObject({
    digits: z.int().min(0).max(9).describe('Digits after the decimal point'),
  }),
  shorthand: 'digits',
  resolve({ digits }, given): Step {
    const scale = 10 ** digits;
    return { name: 'round', gives: typeOf(given), runs: 'javascript', run: runOn(given, scale) };
  },
});

function typeOf(given: ValueType): ValueType {
  if (given.kind !== 'tensor') return given;
  const { datatype, shape } = numericType(given);
  return { kind: 'tensor', datatype: datatype !== undefined && isFloat(datatype) ? 'FP64' : datatype, shape };
}

function runOn({ kind }: ValueType, scale: number): Step['run'] {
  if (kind === 'labels') {
    return (value) => (value as readonly Label[]).map((each) => ({ ...each, score: rounded(each.score, scale) }));
  }
  if (kind === 'scores') return (value) => roundedAll(value as ArrayLike<number>, scale);
  return (value) => {
    const tensor = value as Tensor;
    // Whole numbers are round.
    if (!isFloat(tensor.datatype)) return tensor;
    return { datatype: 'FP64', shape: tensor.shape, data: roundedAll(numbersOf(tensor), scale) };
  };
}

function roundedAll(numbers: ArrayLike<number>, scale: number): Float64Array {
  const result = new Float64Array(numbers.length);
  for (let index = 0; index < result.length; index += 1) result[index] = rounded(numbers[index] as number, scale);
  return result;
}

/**
 * The double nearest to the decimal that is nearest to the value. For a float32 value the product is exact: 24 bits
 * times the 21 of 5⁹ fit into the 53 of a double; the division is then the one rounding that there is.
 */
function rounded(value: number, scale: number): number {
  const scaled = Math.abs(value) * scale;
  // From here on products are inexact or infinite, and the value has hardly more digits than were asked for.
  if (scaled >= Number.MAX_SAFE_INTEGER) return value;
  const size = Math.round(scaled) / scale;
  // No -0, which JSON would write.
  return value < 0 && size !== 0 ? -size : size;
}

function isFloat(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'FP32' || datatype === 'FP64';
}
