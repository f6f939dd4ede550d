import { MillraceError } from '../core/errors.js';
import { Answer, type Step, type Value } from './step.js';
import type { Measurement } from './step-cost.js';

/*
 * Decorators: each takes a step and gives one that does the same and something besides.
 */

/** A step whose faults name it: whatever it throws is a MillraceError, STEP_FAILED if it is not the item's fault. */
export function blamed(step: Step): Step {
  const { name } = step;
  const run: Step['run'] = (value) => {
    try {
      const result = step.run(value);
      return result instanceof Promise ? result.catch((error: unknown) => Promise.reject(blame(name, error))) : result;
    } catch (error) {
      throw blame(name, error);
    }
  };
  const around = decorate(step, run);
  if (step.runBatch === undefined) return around;
  const runBatch = async (values: readonly Value[]) => {
    try {
      const results = (await step.runBatch?.(values)) ?? [];
      return results.map((result) => (result instanceof Error ? blame(name, result) : result));
    } catch (error) {
      throw blame(name, error);
    }
  };
  return { ...around, runBatch };
}

/** A step that tells what each run took, in milliseconds; of one that works elsewhere only the part on this thread. */
export function timed(step: Step, tell: (measurement: Measurement) => void): Step {
  return decorate(step, (value) => {
    const startedAt = performance.now();
    try {
      return step.run(value);
    } finally {
      tell({ effort: effortOf(step, value), ms: performance.now() - startedAt });
    }
  });
}

/** The step with another `run`. Its members are called on itself, whether it is a literal or of a class. */
function decorate(step: Step, run: Step['run']): Step {
  const { name, gives, answers, runs } = step;
  return {
    name,
    gives,
    runs,
    ...(answers === undefined ? {} : { answers }),
    ...(step.runBatch === undefined ? {} : { runBatch: step.runBatch.bind(step) }),
    ...(step.effort === undefined ? {} : { effort: step.effort.bind(step) }),
    ...(step.sample === undefined ? {} : { sample: step.sample.bind(step) }),
    run,
  };
}

/** What the cost of a step on this value grows with: what the step says, else the value's length. */
export function effortOf(step: Pick<Step, 'effort'>, value: Value): number {
  if (step.effort !== undefined) return step.effort(value);
  if (typeof value === 'string') return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  const data: unknown = typeof value === 'object' && value !== null && 'data' in value ? value.data : undefined;
  return ArrayBuffer.isView(data) ? data.byteLength : 1;
}

/** Whether what a step gave is an answer: the pipeline ends there. */
export function isAnswer(result: unknown): result is Answer {
  return result instanceof Answer;
}

function blame(step: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const text = `The step ${step} of the model's pipeline failed; the server's log has the cause.`;
  return new MillraceError('STEP_FAILED', text, { cause: error });
}
