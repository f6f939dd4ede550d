import { type AbortSource, abortReason } from '../core/abort.js';
import type { Clock } from '../core/clock.js';
import type { TurnBudget } from '../core/turn-budget.js';
import type { PipelineItem } from '../pipelines/pipeline-item.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import { Answer } from '../pipelines/step.js';
import { asBatchOfOne, eachTensor, onlyItem } from '../tensor/batch-axis.js';
import type { ModelResult } from './model-input.js';
import type { LoadedModel } from './open-model.js';

/** A model with a pipeline around it. */
export type PipelineModel = Pick<LoadedModel, 'batcher' | 'plan'> & { readonly pipeline: RunningPipeline };

/**
 * Sees an item through a model's pipeline: preprocessing, the model in a batch with others, postprocessing.
 *
 * @throws MillraceError what the steps, the batcher or the signal give
 */
export async function inferItem(
  { pipeline, batcher, plan }: PipelineModel,
  item: PipelineItem,
  { signal, clock, budget }: { signal: AbortSource; clock: Clock; budget: TurnBudget },
): Promise<ModelResult> {
  const startedAt = clock.now();
  // Items that fail, or have their answer early, let nothing else in between by themselves.
  const turn = budget.enter();
  if (turn !== undefined) await turn;
  if (signal.aborted) throw abortReason(signal);
  const prepared = await pipeline.preprocess(item, signal);
  const preprocessMs = clock.now() - startedAt;
  if (prepared instanceof Answer) return { outputs: prepared, batchRows: 0, waitedMs: 0, inferenceMs: 0, preprocessMs };
  const inputs = eachTensor(prepared, plan.axes.inputs, asBatchOfOne);
  const { outputs, batchRows, waitedMs, inferenceMs } = await batcher.submit({ rows: 1, inputs }, signal);
  if (signal.aborted) throw abortReason(signal);
  const finishedAt = clock.now();
  const answer = await pipeline.postprocess(eachTensor(outputs, plan.axes.outputs, onlyItem), signal);
  return { outputs: answer, batchRows, waitedMs, inferenceMs, preprocessMs, postprocessMs: clock.now() - finishedAt };
}
