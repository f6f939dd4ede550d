import { z } from 'zod';
import { type BatchPolicy, greedyPolicy, staticPolicy } from './batch-policy.js';

const axisSchema = z.union([z.int().min(0).max(15), z.literal('shared')]);

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
