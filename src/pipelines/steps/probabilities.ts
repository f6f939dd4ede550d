import { z } from 'zod';
import type { Tensor } from '../../tensor/tensor.js';
import { type Step, StepError, stepKind } from '../step.js';
import { typeText, type ValueType } from '../value-type.js';
import { checkRank, unusableScore } from './scores.js';
import { numbersOf, numericType } from './tensor-numbers.js';

/**
 * A score of -Infinity is a class that the model rules out: its probability is 0. NaN, +Infinity (an overflow, most
 * often of FP16) and nothing but -Infinity have no probabilities: OUTPUT_NOT_FINITE.
 */
export const softmax = stepKind({
  name: 'softmax',
  summary:
    'Makes logits into probabilities whose sum is 1; a tensor of several dimensions along the last one, a tensor of one becomes scores',
  takes: ['tensor', 'scores'],
  gives: ['scores', 'tensor'],
  options: z.strictObject({
    temperature: z
      .number()
      .positive()
      .default(1)
      .describe('What the logits are divided by: above 1 the probabilities come closer to each other, below they part'),
  }),
  resolve({ temperature }, given) {
    return probabilityStep('softmax', given, (logits, width) => softmaxOf(logits, { width, temperature }));
  },
});

/** The infinities have the limits 1 and 0; NaN is OUTPUT_NOT_FINITE. */
export const sigmoid = stepKind({
  name: 'sigmoid',
  summary:
    'Makes each logit into a probability by itself, for classes that do not exclude each other; a tensor of one dimension becomes scores',
  takes: ['tensor', 'scores'],
  gives: ['scores', 'tensor'],
  options: z.strictObject({}),
  resolve(_, given) {
    return probabilityStep('sigmoid', given, sigmoidOf);
  },
});

/** Reckons in double precision; `width` numbers at a time belong together. */
type Reckoning = (logits: ArrayLike<number>, width: number) => Float64Array;

/** Gives FP64 where FP64 came, else FP32, also for half floats: small probabilities would lose most of their digits. */
function probabilityStep(name: string, given: ValueType, reckon: Reckoning): Step {
  if (given.kind === 'scores') {
    const run: Step['run'] = (value) => {
      const scores = value as ArrayLike<number>;
      const probabilities = reckon(scores, scores.length);
      return scores instanceof Float32Array ? new Float32Array(probabilities) : probabilities;
    };
    return { name, gives: given, runs: 'javascript', run };
  }
  const { shape } = numericType(given);
  if (shape === undefined) {
    throw new StepError(`expected a known number of dimensions; given ${typeText(given)}; reshape can fix it`);
  }
  if (shape.length === 0) throw new StepError(`expected at least one dimension; given ${typeText(given)}`);
  const isVector = shape.length === 1;
  const run: Step['run'] = (value) => {
    const tensor = value as Tensor;
    checkRank(tensor, shape.length);
    const probabilities = reckon(numbersOf(tensor), tensor.shape.at(-1) as number);
    const data = tensor.datatype === 'FP64' ? probabilities : new Float32Array(probabilities);
    return isVector ? data : { datatype: tensor.datatype === 'FP64' ? 'FP64' : 'FP32', shape: tensor.shape, data };
  };
  return { name, gives: probabilityType(given), runs: 'javascript', run };
}

function probabilityType(given: ValueType): ValueType {
  const { datatype, shape } = numericType(given);
  const [count] = shape ?? [];
  if (shape?.length === 1) return { kind: 'scores', count: typeof count === 'number' ? count : undefined };
  return { kind: 'tensor', datatype: datatype === undefined || datatype === 'FP64' ? datatype : 'FP32', shape };
}

/** The greatest logit is taken off first, so that no power overflows: it cancels out. */
function softmaxOf(
  logits: ArrayLike<number>,
  { width, temperature }: { width: number; temperature: number },
): Float64Array {
  const result = new Float64Array(logits.length);
  for (let from = 0; from < result.length; from += width) {
    const to = from + width;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let index = from; index < to; index += 1) {
      const logit = logits[index] as number;
      // False for NaN too.
      if (!(logit < Number.POSITIVE_INFINITY)) throw unusableScore(logit, index);
      if (logit > greatest) greatest = logit;
    }
    if (greatest === Number.NEGATIVE_INFINITY) throw unusableScore(greatest, from);
    let sum = 0;
    for (let index = from; index < to; index += 1) {
      const power = Math.exp(((logits[index] as number) - greatest) / temperature);
      result[index] = power;
      sum += power;
    }
    for (let index = from; index < to; index += 1) result[index] = (result[index] as number) / sum;
  }
  return result;
}

/** The power is taken of a negative number on either side, so that it does not overflow and small results keep their digits. */
function sigmoidOf(logits: ArrayLike<number>): Float64Array {
  const result = new Float64Array(logits.length);
  for (let index = 0; index < result.length; index += 1) {
    const logit = logits[index] as number;
    if (Number.isNaN(logit)) throw unusableScore(logit, index);
    const power = Math.exp(-Math.abs(logit));
    result[index] = logit < 0 ? power / (1 + power) : 1 / (1 + power);
  }
  return result;
}
