import { type AbortSource, abortReason } from '../core/abort.js';
import type { Clock } from '../core/clock.js';
import type { TurnBudget } from '../core/turn-budget.js';
import type { PipelineItem } from '../pipelines/pipeline-item.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import { Answer } from '../pipelines/step.js';
import { asBatchOfOne, eachTensor, onlyItem } from '../tensor/batch-axis.js';
import { AnswerList, type ModelResult } from './model-input.js';
import type { LoadedModel } from './open-model.js';

/** A model with a pipeline around it. */
export type PipelineModel = Pick<LoadedModel, 'batcher' | 'plan'> & { readonly pipeline: RunningPipeline };

/** How patient the one who waits is, and whose time it takes. */
interface InferOptions {
  readonly signal: AbortSource;
  readonly clock: Clock;
  readonly budget: TurnBudget;
}

/**
 * Sees an item through a model's pipeline: preprocessing, the model in a batch with others, postprocessing.
 *
 * @throws MillraceError what the steps, the batcher or the signal give
 */
export async function inferItem(
  { pipeline, batcher, plan }: PipelineModel,
  item: PipelineItem,
  { signal, clock, budget }: InferOptions,
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

/**
 * Sees items through a model's pipeline side by side, each in whatever batch comes. Settles when all have left the model.
 *
 * @returns the answers in the items' order; of each time the longest that one of them took
 * @throws MillraceError of the first item that failed: they succeed or fail together
 */
export async function inferItems(
  model: PipelineModel,
  items: readonly PipelineItem[],
  options: InferOptions,
): Promise<ModelResult> {
  const settled = await Promise.allSettled(items.map((item) => inferItem(model, item, options)));
  const results = settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  const longest = (of: (result: ModelResult) => number | undefined) =>
    results.reduce((most, result) => Math.max(most, of(result) ?? 0), 0);
  return {
    outputs: new AnswerList(results.map(({ outputs }) => outputs as Answer)),
    batchRows: longest(({ batchRows }) => batchRows),
    waitedMs: longest(({ waitedMs }) => waitedMs),
    inferenceMs: longest(({ inferenceMs }) => inferenceMs),
    preprocessMs: longest(({ preprocessMs }) => preprocessMs),
    postprocessMs: longest(({ postprocessMs }) => postprocessMs),
  };
}
