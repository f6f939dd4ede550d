import { z } from 'zod';
import { ProblemError } from './problem-error.js';

/*
 * What a server says of its models and of an item, as far as the command line reads it. A server may be older or newer
 * than this program: what it says besides is passed over.
 */

const tensorSchema = z.object({
  name: z.string(),
  datatype: z.string(),
  /** -1 for a free dimension, whose symbol stands at the same place of `symbols`. */
  shape: z.array(z.number()),
  symbols: z.array(z.string().nullable()),
  batch_axis: z.number().nullable(),
});

const chainSchema = z.object({
  steps: z.array(z.object({ step: z.string(), takes: z.string(), gives: z.string() })),
});

const pipelineSchema = z.object({
  takes: z.array(z.string()),
  gives: z.string(),
  preprocess: z.record(z.string(), chainSchema),
  postprocess: chainSchema,
});

/** What is there once the model has loaded. */
const loadedSchema = z.object({
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
  batching: z.object({
    batched: z.boolean(),
    reason: z.string().optional(),
    policy: z.string(),
    max_batch_size: z.number(),
    max_queue_delay_ms: z.number(),
  }),
  instances: z.object({ count: z.number(), live: z.number(), restarts: z.number(), isolation: z.string() }),
  execution_provider: z.string(),
  limits: z.object({ queue_rows: z.number(), queue_bytes: z.number(), timeout_ms: z.number() }),
  pipeline: pipelineSchema.optional(),
  example: z.object({ input: z.unknown() }).optional(),
  example_left_out: z.string().optional(),
});

const versionSchema = z.object({
  version: z.string(),
  state: z.string(),
  reason: z.string().optional(),
  ...loadedSchema.partial().shape,
});

/** The answer to GET /models/{name}. */
export const descriptionSchema = z.object({
  name: z.string(),
  state: z.string(),
  reason: z.string().optional(),
  aliases: z.record(z.string(), z.object({ version: z.string() })).optional(),
  versions: z.array(versionSchema),
});

/** The answer to POST /models/{name}/load and /unload. */
export const standingSchema = z.object({
  name: z.string(),
  versions: z.array(z.object({ version: z.string(), state: z.string(), reason: z.string().optional() })),
});

/** The answer to a prediction of one item. */
export const predictionSchema = z.object({
  version: z.string(),
  output: z.unknown(),
  timings_ms: z.object({ total: z.number() }),
  batch_size: z.number(),
});

export type ModelStanding = z.output<typeof standingSchema>;
export type ModelDescription = z.output<typeof descriptionSchema>;
export type VersionDescription = z.output<typeof versionSchema>;
export type TensorDescription = z.output<typeof tensorSchema>;
export type PipelineDescription = z.output<typeof pipelineSchema>;

/**
 * The version that a request is for, as the server would choose it: the one named, by number or alias, else the newest
 * that is READY or loads on request.
 *
 * @throws ProblemError VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
 */
export function versionFor(description: ModelDescription, wanted?: string): VersionDescription {
  const { name, versions, reason, aliases = {} } = description;
  const newest = versions.findLast(({ state }) => state === 'READY' || state === 'EVICTED') ?? versions.at(-1);
  const number = wanted !== undefined && Object.hasOwn(aliases, wanted) ? aliases[wanted]?.version : wanted;
  const chosen = number === undefined ? newest : versions.find(({ version }) => version === number);
  if (chosen?.state === 'READY') return chosen;
  // What it takes is known once it has been loaded.
  if (chosen?.state === 'EVICTED' && chosen.inputs !== undefined) return chosen;
  if (chosen === undefined && wanted !== undefined) {
    const served = versions.map(({ version }) => version).join(', ');
    const detail = `Model ${name} does not serve version ${wanted}; ${served === '' ? 'none is served' : `it serves ${served}`}.`;
    throw new ProblemError({ code: 'VERSION_NOT_FOUND', detail });
  }
  const why =
    chosen?.state === 'LOADING'
      ? 'is loading; try again in a moment.'
      : `is unavailable: ${chosen?.reason ?? reason ?? 'it has no version'}.`;
  throw new ProblemError({ code: 'MODEL_UNAVAILABLE', detail: `Model ${name} ${why}` });
}

/** The kinds of items that a version takes; without a pipeline its tensors. */
export function kindsOf({ pipeline }: VersionDescription): readonly string[] {
  return pipeline?.takes ?? ['tensors'];
}
