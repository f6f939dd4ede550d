import { z } from 'zod';

/** How often something was, and how long it took in all. */
export const durationSchema = z.object({ count: z.int().min(0), ns: z.int().min(0).describe('Nanoseconds') });

export type Duration = z.output<typeof durationSchema>;

/** Preprocessing counts as compute_input, postprocessing as compute_output. */
const computeShape = {
  compute_input: durationSchema,
  compute_infer: durationSchema,
  compute_output: durationSchema,
};

/** What Triton's statistics say of a model version; there is no response cache here, and no decoupled model. */
export const modelStatisticsSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    last_inference: z.int().min(0).describe('Milliseconds since the Unix epoch; 0 before the first'),
    inference_count: z.int().min(0).describe('Rows of jobs that succeeded'),
    execution_count: z.int().min(0).describe('Executions that succeeded'),
    inference_stats: z
      .object({
        success: durationSchema,
        fail: durationSchema,
        queue: durationSchema,
        ...computeShape,
        cache_hit: durationSchema,
        cache_miss: durationSchema,
      })
      .readonly(),
    response_stats: z.object({}).readonly().describe('Always empty'),
    batch_stats: z.array(z.object({ batch_size: z.int().min(1), ...computeShape }).readonly()).readonly(),
    memory_usage: z.array(z.never()).readonly().describe('Always empty'),
  })
  .readonly();

export type ModelStatistics = z.output<typeof modelStatisticsSchema>;

export const statisticsAnswerSchema = z.object({ model_stats: z.array(modelStatisticsSchema) });

export type StatisticsAnswer = z.output<typeof statisticsAnswerSchema>;
