import { z } from 'zod';

/** More steps than any pipeline needs; a bound on what is compiled at load. */
const MAX_STEPS = 64;

/** A step by its name, or by its name with options: `softmax`, `{top_k: 5}`, `{resize: {width: 32, height: 32}}`. */
const stepSchema = z
  .union([z.string().min(1), z.record(z.string(), z.unknown())])
  .describe('A step by its name, or a mapping of its name to its options');

const stepsSchema = z.array(stepSchema).max(MAX_STEPS).default([]);

/** `pipeline`: what is done with an item before the model, and with what the model gives after it. */
export const pipelineSchema = z.strictObject({
  preprocess: stepsSchema.describe('From what a client sends to the tensors that the model takes'),
  postprocess: stepsSchema.describe("From the model's outputs to the answer; without it they are given as they are"),
});

export type PipelineConfig = z.output<typeof pipelineSchema>;
export type StepConfig = z.output<typeof stepSchema>;
