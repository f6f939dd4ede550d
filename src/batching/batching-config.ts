import { z } from 'zod';
import { type BatchPolicy, greedyPolicy, staticPolicy } from './batch-policy.js';

const axisSchema = z.union([z.int().min(0).max(15), z.literal('shared')]);

const inputAxes = z.record(z.string(), z.int().min(0).max(15));

/** One dimension of the inputs whose sizes are rounded up. */
const bucketSchema = z.strictObject({
  inputs: inputAxes.describe('By name: which axis of an input it is, counted with the batch axis'),
  outputs: inputAxes
    .default({})
    .describe('By name: which axis of an output is as long, and is cut back to what the request had'),
  sizes: z
    .union([
      z.int().min(2),
      z
        .array(z.int().min(1))
        .min(1)
        .refine(
          (sizes) => sizes.every((size, at) => at === 0 || size > (sizes[at - 1] as number)),
          'expected rising sizes',
        ),
    ])
    .describe('The sizes that are used, rising; or one number, whose multiples are'),
  padding: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .default({})
    .describe(
      'By name: the value that an input is padded with; without it 0, which in an attention mask means nothing',
    ),
});

export type BucketConfig = z.output<typeof bucketSchema>;

/** `batching`: how requests for the model share an execution. */
export const batchingSchema = z.strictObject({
  policy: z
    .enum(['greedy', 'static'])
    .default('greedy')
    .describe('`greedy` never waits for a batch to fill while an instance is free; `static` does'),
  max_batch_size: z
    .int()
    .min(1)
    .max(4096)
    .default(16)
    .describe('Rows of one batch; 1 means that requests run one at a time'),
  max_queue_delay_ms: z
    .number()
    .min(0)
    .max(60_000)
    .default(0)
    .describe('For `static`: a smaller batch runs when its oldest row has waited for so long'),
  /** The batch axis by name of the tensor, or `shared` for one that the whole batch has in common; the rest is found. */
  axes: z
    .strictObject({
      inputs: z
        .record(z.string(), axisSchema)
        .default({})
        .describe('By name: the batch axis of an input, or `shared` for one that the whole batch has in common'),
      outputs: z
        .record(z.string(), axisSchema)
        .default({})
        .describe('By name: the batch axis of an output, or `shared` for one that every row gets whole'),
    })
    .prefault({})
    .describe('Batch axes that are not found, or found wrong'),
  shapes: z
    .enum(['exact', 'bucket'])
    .default('exact')
    .describe(
      '`exact`: rows share a batch only if they have the same sizes; `bucket`: sizes are rounded up and padded',
    ),
  buckets: z.array(bucketSchema).default([]).describe('For `bucket`: the dimensions that are padded'),
  max_padding: z
    .number()
    .min(0)
    .lt(1)
    .default(0.5)
    .describe('For `bucket`: a request of which more than this share would be padding keeps its own sizes'),
  deterministic: z
    .union([z.boolean(), z.literal('padded')])
    .default(false)
    .describe(
      'For the same bits every time, whatever a row comes with: `true` runs rows one at a time; `padded` fills every execution up to `max_batch_size` rows, if the probe at load finds that it does not matter where a row lies',
    ),
  /** The operator's word that rows don't influence each other: the probe at load only finds the axes. */
  rows_independent: z
    .boolean()
    .default(false)
    .describe('Your word that rows do not influence each other: they are batched whatever the probe at load finds'),
});

export type BatchingConfig = z.output<typeof batchingSchema>;

/** The policy that the configuration names. */
export function policyFrom({ policy, max_queue_delay_ms }: BatchingConfig): BatchPolicy {
  switch (policy) {
    case 'greedy':
      return greedyPolicy;
    case 'static':
      return staticPolicy(max_queue_delay_ms);
  }
}
