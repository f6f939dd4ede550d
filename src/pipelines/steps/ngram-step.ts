import { z } from 'zod';
import { reasonOf } from '../../core/errors.js';
import { allocate } from '../../tensor/datatype.js';
import { writeNumber } from '../../tensor/number-element.js';
import { StepError, stepKind } from '../step.js';
import { codePointCount } from './code-points.js';
import { NgramCounter } from './ngram-counter.js';
import { sampleText } from './normalise-text-step.js';
import { onlyInput } from './only-input.js';

const MAX_NGRAMS = 100_000;
const MAX_NGRAM_LENGTH = 64;

const ngramSchema = z
  .string()
  .min(1)
  .max(MAX_NGRAM_LENGTH)
  .refine((ngram) => ngram.isWellFormed(), 'Unicode without lone surrogates');
const listSchema = z.array(ngramSchema);

/** One list, or several that stand for one: `{"unigrams": […], "bigrams": […]}`. */
const ngramFileSchema = z.union([listSchema, z.record(z.string(), listSchema)]);

const countNgramsSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe('A JSON file beside the model: a list of n-grams, or a mapping of several lists, one after the other'),
  unit: z
    .enum(['code_point', 'utf16'])
    .default('code_point')
    .describe('What the length of a text and an n-gram is counted in: Unicode characters, or the units of UTF-16'),
  around: z
    .string()
    .max(MAX_NGRAM_LENGTH)
    .default('')
    .describe('What is put before and after the text, such as a space, so that n-grams tell where it begins and ends'),
});

/**
 * `count_ngrams`: text → tensor of as many elements as the file has n-grams, each the relative frequency of one: how
 * often it occurs in the text, divided by how many n-grams of its length the text has. All are 0 for a text that holds
 * none, such as an empty one.
 */
export const countNgramsStep = stepKind({
  name: 'count_ngrams',
  summary:
    'The relative frequency of each n-gram of a list: how often it occurs in the text, overlaps counted, divided by ' +
    'how many n-grams of its length the text has',
  takes: ['text'],
  gives: ['tensor'],
  options: countNgramsSchema,
  shorthand: 'file',
  resolve: async ({ file, unit, around }, _given, context) => {
    const { datatype } = onlyInput(context);
    if (!writeNumber({ datatype, data: allocate(datatype, 1) }, 0, 0.5)) {
      throw new StepError(`the model's input is ${datatype}, which does not hold frequencies`);
    }
    const ngrams = readNgrams(file, await context.readFile(file));
    const counter = new NgramCounter(ngrams);
    const lengthOf = (text: string) => (unit === 'utf16' ? text.length : codePointCount(text));
    const lengths = ngrams.map(lengthOf);
    const shape = [ngrams.length];
    return {
      name: 'count_ngrams',
      gives: { kind: 'tensor', datatype, shape },
      runs: 'javascript',
      run: (value) => {
        const text = `${around}${value as string}${around}`;
        const length = lengthOf(text);
        const counts = counter.count(text);
        const tensor = { datatype, shape, data: allocate(datatype, ngrams.length) };
        for (let index = 0; index < counts.length; index += 1) {
          const count = counts[index] as number;
          // A text that holds the n-gram is not shorter than it.
          if (count > 0) writeNumber(tensor, index, count / (length - (lengths[index] as number) + 1));
        }
        return tensor;
      },
      sample: () => sampleText,
    };
  },
});

/** @throws StepError */
function readNgrams(file: string, bytes: Uint8Array): readonly string[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new StepError(`${file} is not JSON: ${reasonOf(error)}`);
  }
  const result = ngramFileSchema.safeParse(document);
  if (!result.success)
    throw new StepError(`${file}: expected lists of n-grams, strings of 1 to ${MAX_NGRAM_LENGTH} units`);
  const ngrams = Object.values(result.data).flat();
  if (ngrams.length === 0 || ngrams.length > MAX_NGRAMS) {
    throw new StepError(`${file}: expected 1 to ${MAX_NGRAMS} n-grams; got ${ngrams.length}`);
  }
  const seen = new Set<string>();
  for (const ngram of ngrams) {
    if (seen.has(ngram)) throw new StepError(`${file}: ${JSON.stringify(ngram)} is listed twice`);
    seen.add(ngram);
  }
  return ngrams;
}
