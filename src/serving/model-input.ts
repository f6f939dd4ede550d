import type { InferenceRequest } from '../batching/batch.js';
import type { PipelineItem } from '../pipelines/pipeline-item.js';
import type { Answer } from '../pipelines/step.js';
import { type NamedTensors, totalBytes } from '../tensor/tensor.js';

/** Items for a model's pipeline that succeed or fail together. */
export interface PipelineItems {
  readonly rows: number;
  /** What they take in memory, about. */
  readonly bytes: number;
  readonly items: readonly PipelineItem[];
}

/** What a job asks of a model: rows of tensors that go to it as they are, or an item for its pipeline, or several. */
export type ModelInput = InferenceRequest | PipelineItem | PipelineItems;

/** What a pipeline came to for each of several items, in their order. */
export class AnswerList {
  readonly answers: readonly Answer[];

  constructor(answers: readonly Answer[]) {
    this.answers = answers;
  }
}

/** What a model gives back, and how it came to be. Times in milliseconds. */
export interface ModelResult {
  /** Tensors with the batch axis, or the answer of the pipeline, or its answers. */
  readonly outputs: NamedTensors | Answer | AnswerList;
  /** Rows of the batch that it ran in; 0 if the pipeline had the answer without the model. */
  readonly batchRows: number;
  /** For the model to become free, after the job had left the queue. */
  readonly waitedMs: number;
  readonly inferenceMs: number;
  readonly preprocessMs?: number;
  readonly postprocessMs?: number;
}

/** What an input takes in memory. */
export function inputBytes(input: ModelInput): number {
  return 'inputs' in input ? totalBytes(input.inputs) : input.bytes;
}
