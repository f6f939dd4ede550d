import { type TensorSpec, wireShape } from '../model/signature.js';
import type { Target } from '../serving/model-entry.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
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

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export function serverMetadata(version: string): ServerMetadata {
  return { name: 'millrace', version, extensions };
}

/** An input or output; free dimensions are -1. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  /** Those that can be asked for, oldest first. */
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What stands behind a model that has a pipeline, for those who ask which framework it is of. */
const PIPELINE_PLATFORM = 'millrace_pipeline';
export const TENSORS_PLATFORM = 'onnxruntime_onnx';

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

export function platformOf({ form, model }: Target): string {
  return form === 'model' && model.loaded?.pipeline !== undefined ? PIPELINE_PLATFORM : TENSORS_PLATFORM;
}

function tensorMetadata({ name, datatype, shape }: TensorSpec): TensorMetadata {
  return { name, datatype, shape: wireShape(shape) };
}
