import { toMillraceError } from '../core/errors.js';
import type { ChainResult } from './pipeline.js';
import type { Step } from './step.js';
import { isAnswer } from './step-decorators.js';

/** What came of one item: what the last step gave, an early answer, or the error that ended it. */
export type StepOutcome = { readonly result: ChainResult } | { readonly error: ReturnType<typeof toMillraceError> };

/**
 * Runs steps on several items, each step on all of them before the next: as a batch where the step can, else one by
 * one. An item that fails, or has its answer early, leaves the others alone (invariant I5). Never rejects.
 *
 * @returns what came of each item, and what the first step took for all of them, in milliseconds
 */
export async function runSteps(
  steps: readonly Step[],
  values: readonly ChainResult[],
): Promise<{ outcomes: StepOutcome[]; firstMs: number }> {
  const startedAt = performance.now();
  let firstMs = 0;
  const outcomes: StepOutcome[] = values.map((result) => ({ result }));
  for (const [number, step] of steps.entries()) {
    const live = outcomes.flatMap((outcome, index) =>
      'result' in outcome && !isAnswer(outcome.result) ? [index] : [],
    );
    const inputs = live.map((index) => (outcomes[index] as { result: never }).result);
    const results = await (step.runBatch !== undefined && live.length > 1
      ? asBatch(step, inputs)
      : oneByOne(step, inputs));
    for (const [at, index] of live.entries()) outcomes[index] = results[at] as StepOutcome;
    if (number === 0) firstMs = performance.now() - startedAt;
  }
  return { outcomes, firstMs };
}

async function asBatch(step: Step, inputs: readonly never[]): Promise<StepOutcome[]> {
  try {
    const results = (await step.runBatch?.(inputs)) ?? [];
    return results.map((result) => (result instanceof Error ? { error: toMillraceError(result) } : { result }));
  } catch (error) {
    return inputs.map(() => ({ error: toMillraceError(error) }));
  }
}

async function oneByOne(step: Step, inputs: readonly never[]): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  for (const input of inputs) {
    try {
      outcomes.push({ result: await step.run(input) });
    } catch (error) {
      outcomes.push({ error: toMillraceError(error) });
    }
  }
  return outcomes;
}
