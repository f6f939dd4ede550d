import { z } from 'zod';
import type { Timings } from '../core/events.js';
import { problemSchema } from './problem.js';

/*
 * What predictions answer. `prediction-text.ts` writes it as text, piece by piece, since the outputs are texts already.
 */

const ms = z.number().min(0);

export const timingsSchema = z
  .object({
    queue: ms.describe('In the queue, and waiting for a batch'),
    preprocess: ms,
    inference: ms,
    postprocess: ms,
    total: ms.describe('All of it, and what lies between'),
  })
  .describe('Milliseconds in each phase');

/** What an item came to. */
const succeededShape = {
  output: z.unknown().describe('What the model gives: by its name each tensor, or what its pipeline makes of them'),
  timings_ms: timingsSchema,
  batch_size: z
    .int()
    .min(0)
    .describe('The rows of the batch that the item ran in; 0 if the pipeline needed no model for it'),
};

const headShape = {
  id: z.string().describe('The id of the job: that of the request, or one that the server made'),
  model: z.string().describe('As the request named it'),
  version: z.string(),
};

/** The answer to a request with one `input`. */
export const predictionSchema = z.object({ ...headShape, ...succeededShape });

/** The answer to a request with several `inputs`: an item that failed is an error among the others. */
export const predictionListSchema = z.object({
  ...headShape,
  outputs: z
    .array(z.union([z.object(succeededShape), z.object({ error: problemSchema })]))
    .describe('What came of each item, in their order'),
});

export const predictionAnswerSchema = z
  .union([predictionSchema, predictionListSchema])
  .describe('Of one `input`, or of several `inputs`');

/** To whole microseconds, as the answers say it. */
export function roundedTimings({ queue, preprocess, inference, postprocess, total }: Timings): Timings {
  return {
    queue: toMicros(queue),
    preprocess: toMicros(preprocess),
    inference: toMicros(inference),
    postprocess: toMicros(postprocess),
    total: toMicros(total),
  };
}

/** Milliseconds with three decimals. */
export function toMicros(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}
