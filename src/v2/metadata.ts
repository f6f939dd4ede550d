import { z } from 'zod';
import { type TensorSpec, wireShape } from '../model/signature.js';
import type { Target } from '../serving/model-entry.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import { type Datatype, datatypes } from '../tensor/datatype.js';
import { findEntry, findKnownTarget, isReady } from './model-lookup.js';
import { ioOf } from './target-io.js';

/** Triton's names of what this server does beyond the protocol itself. */
const extensions = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'schedule_policy',
  'model_configuration',
  'system_shared_memory',
  'cuda_shared_memory',
  'binary_tensor_data',
  'parameters',
  'statistics',
  'trace',
  'logging',
] as const;

/** What the server is. */
export const serverMetadataSchema = z
  .object({
    name: z.literal('millrace'),
    version: z.string(),
    extensions: z.array(z.string()).readonly().describe('What it does beyond the protocol itself'),
  })
  .readonly();

export type ServerMetadata = z.output<typeof serverMetadataSchema>;

export function serverMetadata(version: string): ServerMetadata {
  return { name: 'millrace', version, extensions };
}

/** What stands behind a model that has a pipeline, for those who ask which framework it is of. */
const PIPELINE_PLATFORM = 'millrace_pipeline';
export const TENSORS_PLATFORM = 'onnxruntime_onnx';

export const platformSchema = z.enum([TENSORS_PLATFORM, PIPELINE_PLATFORM]);

const tensorMetadataSchema = z
  .object({
    name: z.string(),
    datatype: z.enum(Object.keys(datatypes) as [Datatype, ...Datatype[]]),
    shape: z.array(z.int()).readonly().describe('With the batch axis; -1 for a size that is free'),
  })
  .readonly();

/** What a model takes and gives. */
export const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()).readonly().describe('Those that can be asked for, oldest first'),
    platform: platformSchema,
    inputs: z.array(tensorMetadataSchema).readonly(),
    outputs: z.array(tensorMetadataSchema).readonly(),
  })
  .readonly();

export type ModelMetadata = z.output<typeof modelMetadataSchema>;

/** @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason; and what waiting for a load gives */
export async function modelMetadata(
  models: ModelManager,
  query: ModelQuery,
  receivedAt: number,
): Promise<ModelMetadata> {
  const target = await findKnownTarget(models, query, receivedAt);
  const io = ioOf(target);
  const { versions } = findEntry(models, query.name);
  return {
    name: query.name,
    versions: versions.filter(isReady).map(({ ref }) => ref.version),
    platform: platformOf(target),
    inputs: io.inputs.map(tensorMetadata),
    outputs: io.outputs.map(tensorMetadata),
  };
}

export function platformOf({ form, model }: Target): z.output<typeof platformSchema> {
  return form === 'model' && model.loaded?.pipeline !== undefined ? PIPELINE_PLATFORM : TENSORS_PLATFORM;
}

function tensorMetadata({ name, datatype, shape }: TensorSpec): z.output<typeof tensorMetadataSchema> {
  return { name, datatype, shape: wireShape(shape) };
}
