import { z } from 'zod';
import { batchingSchema } from '../batching/batching-config.js';
import { outputsSchema } from '../batching/finite-outputs.js';
import { describeIssues } from '../core/zod-issues.js';
import { pipelineSchema } from '../pipelines/pipeline-config.js';
import { versionsSchema } from '../repository/version-policy.js';
import { executionProvidersSchema, instancesSchema, sessionSchema } from '../runtime/runtime-config.js';
import { modelMemorySchema } from './memory-config.js';
import { aliasesSchema } from './version-routing.js';

/** As long as a timer can run. */
const milliseconds = z.int().min(1).max(2_147_483_647);

/** `warmup`: what runs before the model is READY. */
const warmupSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether batches of the sizes that will be used are run first'),
  samples: z
    .string()
    .min(1)
    .exactOptional()
    .describe('A file beside the model with items to run, a JSON array as in requests; without it rows are generated'),
});

/** `limits`: what one model may take; each has the server's value unless it is given here. */
const modelLimitsSchema = z.strictObject({
  queue_rows: z.int().min(1).exactOptional().describe('Rows accepted and not settled'),
  queue_bytes: z.int().min(1).exactOptional().describe('Bytes of input tensors accepted and not settled'),
  timeout_ms: milliseconds
    .exactOptional()
    .describe('A job is given up after so long, unless the request says otherwise'),
  max_rows: z.int().min(1).exactOptional().describe('Rows of one request; more than a batch holds run in several'),
  queue_timeout_ms: milliseconds
    .exactOptional()
    .describe('A job is given up if it has not begun to run after so long, unless the request says otherwise'),
  load_timeout_ms: milliseconds
    .exactOptional()
    .describe('The model must have loaded, been probed and warmed up after so long'),
  execution_timeout_ms: milliseconds
    .exactOptional()
    .describe('An execution must be over after so long; its [instance](isolation.md) is given up and replaced else'),
});

/** model.yaml, put together from the sections of those who obey them. All of it is optional. */
export const modelConfigSchema = z.strictObject({
  versions: versionsSchema,
  aliases: aliasesSchema,
  pipeline: pipelineSchema
    .exactOptional()
    .describe('Steps before and after the model; without it the model takes and gives tensors'),
  batching: batchingSchema.prefault({}).describe('How requests for the model share an execution'),
  outputs: outputsSchema.prefault({}).describe('What the outputs of the model must be'),
  instances: instancesSchema.prefault({}).describe('How many copies of the model run side by side, and where'),
  execution_providers: executionProvidersSchema.exactOptional().describe('What runs the model, in order of preference'),
  session: sessionSchema.prefault({}).describe('Options of ONNX Runtime for each instance of the model'),
  warmup: warmupSchema.prefault({}).describe('What runs before the model is READY'),
  memory: modelMemorySchema.prefault({}).describe('How long the model stays loaded when memory is scarce'),
  limits: modelLimitsSchema.prefault({}).describe('What the model may take'),
});

export type ModelConfig = z.output<typeof modelConfigSchema>;

/** A checked model.yaml, or all that is wrong with it, one line each. */
export type ModelConfigResult =
  | { readonly ok: true; readonly config: ModelConfig }
  | { readonly ok: false; readonly problems: string[] };

/** @param file how the messages call the document, such as `penguins/model.yaml` */
export function readModelConfig(file: string, document: unknown): ModelConfigResult {
  const result = modelConfigSchema.safeParse(document);
  if (result.success) return { ok: true, config: result.data };
  const problems = describeIssues(result.error, modelConfigSchema, document);
  return { ok: false, problems: problems.map(({ path, message }) => `${file}: ${path}: ${message}`) };
}
