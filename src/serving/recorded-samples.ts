import type { InferenceRequest } from '../batching/batch.js';
import { patient } from '../core/abort.js';
import { reasonOf } from '../core/errors.js';
import { recordedItem } from '../model/recorded-tensors.js';
import type { BatchAxes, Signature } from '../model/signature.js';
import { readItem } from '../pipelines/pipeline-item.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import { Answer } from '../pipelines/step.js';
import type { ModelFiles } from '../repository/model-files.js';
import { asBatchOfOne, eachTensor } from '../tensor/batch-axis.js';
import { BatchingConfigError } from './bucket-plan.js';

/** What recorded samples are read with. */
export interface SampleMaterial {
  readonly files: ModelFiles;
  readonly signature: Signature;
  readonly axes: BatchAxes;
  /** Undefined for a model that takes tensors. */
  readonly pipeline: RunningPipeline | undefined;
}

/**
 * Reads items that were recorded for the warm-up: a JSON array in the model's folder, each item as a request has it.
 * Those of a model with a pipeline go through its preprocessing.
 *
 * @returns one row each
 * @throws BatchingConfigError that names the item that is of no use, and why
 */
export async function recordedSamples(name: string, material: SampleMaterial): Promise<InferenceRequest[]> {
  const items = await itemsIn(name, material.files);
  const samples: InferenceRequest[] = [];
  for (const [index, item] of items.entries()) {
    const path = `warmup.samples: ${name}[${index}]`;
    try {
      const inputs = await tensorsOf(item, material);
      if (inputs !== undefined) samples.push({ rows: 1, inputs });
    } catch (error) {
      throw new BatchingConfigError(`${path}: ${reasonOf(error)}`);
    }
  }
  return samples;
}

async function itemsIn(name: string, files: ModelFiles): Promise<unknown[]> {
  let items: unknown;
  try {
    items = JSON.parse(new TextDecoder().decode(await files.read(name)));
  } catch (error) {
    throw new BatchingConfigError(`warmup.samples: ${name}: ${reasonOf(error)}`);
  }
  if (Array.isArray(items) && items.length > 0) return items;
  throw new BatchingConfigError(`warmup.samples: ${name}: expected an array of items`);
}

/** Undefined for an item that the pipeline answers without the model. */
async function tensorsOf(
  item: unknown,
  { signature, axes, pipeline }: SampleMaterial,
): Promise<InferenceRequest['inputs'] | undefined> {
  if (pipeline === undefined) return recordedItem(item, signature, axes);
  const prepared = await pipeline.preprocess(
    { rows: 1, bytes: 0, path: '', ...readItem(item, '', pipeline.takes) },
    patient,
  );
  return prepared instanceof Answer ? undefined : eachTensor(prepared, axes.inputs, asBatchOfOne);
}
