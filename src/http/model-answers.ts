import { z } from 'zod';
import { batchingSchema } from '../batching/batching-config.js';
import type { ModelState } from '../core/events.js';
import { valueKinds } from '../pipelines/value-type.js';
import { instancesSchema } from '../runtime/runtime-config.js';
import { type Datatype, datatypes } from '../tensor/datatype.js';

/*
 * What GET /models and GET /models/{name} answer; `model-description.ts` makes it.
 */

const states = ['LOADING', 'READY', 'UNLOADING', 'EVICTED', 'UNAVAILABLE'] as const satisfies readonly ModelState[];

const stateSchema = z
  .enum(states)
  .describe('What is EVICTED loads with the first request, and requests wait for what is LOADING');
const reasonSchema = z.string().exactOptional().describe('Why it is in its state, where there is something to say');

/** How far the warm-up is. */
export const warmUpSchema = z.object({ done: z.int().describe('Executions that are over'), total: z.int() }).readonly();

/** What is said of a version whatever its state. */
const versionHeadShape = {
  version: z.string().describe('The name of the version'),
  state: stateSchema,
  reason: reasonSchema,
  memory_bytes: z.int().exactOptional().describe('What it takes while it is loaded, as an estimate'),
  warm_up: warmUpSchema.exactOptional(),
};

const summaryShape = {
  name: z.string().describe('The name that requests use'),
  tensors_of: z
    .string()
    .exactOptional()
    .describe('The model with a pipeline whose bare tensors this name takes and gives'),
  state: stateSchema,
  reason: reasonSchema,
  reload_problem: z.string().exactOptional().describe('Why what is served is not what was last to be loaded'),
  aliases: z
    .record(z.string(), z.object({ version: z.string(), weight: z.number() }).readonly())
    .readonly()
    .exactOptional()
    .describe('Names for versions; `weight` is per cent of the requests that name no version'),
};

/** One line of GET /models. */
export const modelSummarySchema = z
  .object({
    ...summaryShape,
    versions: z
      .array(z.object(versionHeadShape).readonly())
      .readonly()
      .describe('The versions that are served, oldest first'),
  })
  .readonly();

export const modelListSchema = z.object({ models: z.array(modelSummarySchema) });

export const tensorSchema = z
  .object({
    name: z.string(),
    datatype: z.enum(Object.keys(datatypes) as [Datatype, ...Datatype[]]),
    shape: z.array(z.int()).readonly().describe('With the batch axis; -1 for a size that is free'),
    symbols: z.array(z.string().nullable()).readonly().describe('The names of the free sizes; null at the others'),
    batch_axis: z.int().nullable().describe('Where the rows of a batch stand; null for a tensor that has none'),
  })
  .readonly();

const stepSchema = z.object({ step: z.string(), takes: z.string(), gives: z.string() }).readonly();
const runSchema = z.object({ step: z.string(), runs: z.enum(['javascript', 'native', 'own']) }).readonly();
const chainSchema = z
  .object({
    steps: z.array(stepSchema).readonly().describe('The steps as they were written'),
    runs_as: z.array(runSchema).readonly().describe('What runs: steps that are neighbours may work in one'),
  })
  .readonly();

export const pipelineSchema = z
  .object({
    takes: z.array(z.enum(valueKinds)).readonly().describe('The kinds of items that requests may send'),
    gives: z.string().describe('What stands under `output`'),
    preprocess: z.partialRecord(z.enum(valueKinds), chainSchema).readonly().describe('By the kind of the item'),
    postprocess: chainSchema,
  })
  .readonly();

/** What a version says of itself; all but the first four only once it has loaded. */
export const modelVersionSchema = z
  .object({
    ...versionHeadShape,
    pipeline: pipelineSchema.exactOptional(),
    inputs: z.array(tensorSchema).readonly().exactOptional(),
    outputs: z.array(tensorSchema).readonly().exactOptional(),
    batching: z
      .object({
        batched: z.boolean(),
        reason: z.string().exactOptional().describe('Why the model is not batched'),
        policy: batchingSchema.shape.policy.unwrap(),
        max_batch_size: z.int(),
        max_queue_delay_ms: z.number(),
        shapes: batchingSchema.shape.shapes.unwrap().exactOptional().describe('What became of the wish for buckets'),
        shapes_reason: z.string().exactOptional().describe('Why sizes are not rounded up'),
        rows_of_every_execution: z.int().exactOptional().describe('Where the same bits are wanted every time'),
      })
      .exactOptional(),
    instances: z
      .object({
        count: z.int(),
        live: z.int(),
        restarts: z.int(),
        isolation: instancesSchema.shape.isolation.unwrap(),
      })
      .exactOptional(),
    execution_provider: z.string().exactOptional(),
    limits: z
      .object({
        queue_rows: z.int(),
        queue_bytes: z.int(),
        max_rows: z.int().exactOptional(),
        timeout_ms: z.int(),
        queue_timeout_ms: z.int().exactOptional(),
        execution_timeout_ms: z.int(),
      })
      .exactOptional(),
    example: z
      .object({ model: z.string(), input: z.unknown() })
      .exactOptional()
      .describe('A body for POST /predict that works'),
    example_left_out: z.string().exactOptional().describe('Why there is no example'),
  })
  .readonly();

/** All of GET /models/{name}. */
export const modelDescriptionSchema = z.object({ ...summaryShape, versions: z.array(modelVersionSchema) }).readonly();

export type ModelList = z.output<typeof modelListSchema>;
export type ModelSummary = z.output<typeof modelSummarySchema>;
export type ModelDescription = z.output<typeof modelDescriptionSchema>;
export type VersionHead = Pick<ModelVersion, 'version' | 'state' | 'reason' | 'memory_bytes'>;
export type ModelVersion = z.output<typeof modelVersionSchema>;
export type DescribedTensor = z.output<typeof tensorSchema>;
