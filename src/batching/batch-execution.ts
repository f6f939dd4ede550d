import { MillraceError, reasonOf, toMillraceError } from '../core/errors.js';
import type { EventMap, ModelRef } from '../core/events.js';
import type { BatchAxes } from '../model/signature.js';
import type { ExecutionPhases, ExecutionResult } from '../runtime/backend.js';
import { copyOf, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { gather, type InferenceRequest, RowMismatch, scatter } from './batch.js';
import { nonFiniteOutput } from './finite-outputs.js';
import type { WaitingRequest } from './request-part.js';

/** What runs batches: all that the batcher knows of an instance. */
export interface BatchRunner {
  readonly name: string;
  run(inputs: NamedTensors): Promise<ExecutionResult>;
}

/** Requests that run together. */
export interface Batch<Result> {
  readonly id: number;
  readonly requests: readonly WaitingRequest<Result>[];
  readonly rows: number;
  /** On the clock. */
  readonly formedAt: number;
  /** Its requests have run before, in an execution that failed. */
  readonly isRerun: boolean;
  /** The execution that failed was dear: it cost an instance, or all the memory or time that there is. */
  readonly isRisky: boolean;
}

/**
 * What came of a batch: for each of its requests, in order, its outputs, or the error if the outputs are refused; or
 * why the execution failed as a whole.
 */
export type BatchOutcome =
  | {
      readonly kind: 'succeeded';
      readonly parts: readonly (NamedTensors | MillraceError)[];
      readonly phases: ExecutionPhases;
    }
  | { readonly kind: 'failed'; readonly error: MillraceError };

export interface ExecutionOptions {
  readonly axes: BatchAxes;
  /** Whether the requests' inputs must still be there afterwards, which takes a copy: they may have to run again. */
  readonly keepInputs: boolean;
  /** Whether outputs that hold NaN or Infinity are refused. */
  readonly rejectNonFinite: boolean;
}

/** Runs a batch. Never rejects: whatever goes wrong with it is its outcome. */
export async function executeBatch(
  runner: BatchRunner,
  batch: Batch<never>,
  { axes, keepInputs, rejectNonFinite }: ExecutionOptions,
): Promise<BatchOutcome> {
  const requests = batch.requests.map(({ request }) => request);
  try {
    const inputs = gather(requests, axes);
    const { outputs, phases } = await runner.run(keepInputs ? apartFrom(requests, inputs) : inputs);
    const parts = scatter(outputs, requests, axes);
    if (!rejectNonFinite) return { kind: 'succeeded', parts, phases };
    return { kind: 'succeeded', parts: parts.map((part) => nonFiniteOutput(part) ?? part), phases };
  } catch (error) {
    return { kind: 'failed', error: executionFailure(error) };
  }
}

/** The inputs of a batch, with copies of the tensors that are a request's own. */
function apartFrom(requests: readonly InferenceRequest[], inputs: NamedTensors): NamedTensors {
  const own = requests[0]?.inputs ?? {};
  const apart: Record<string, Tensor> = {};
  for (const name in inputs) {
    const tensor = inputs[name] as Tensor;
    apart[name] = tensor === own[name] ? copyOf(tensor) : tensor;
  }
  return apart;
}

/** What observers are told of an execution that ended at `now`. */
export function executionFigures(
  { id, rows, formedAt }: Batch<never>,
  outcome: BatchOutcome,
  now: number,
): Omit<EventMap['batchExecuted'], keyof ModelRef> {
  if (outcome.kind === 'succeeded')
    return { batchId: id, rows, outcome: 'succeeded', reason: undefined, ...outcome.phases };
  const { code, message, cause } = outcome.error;
  const reason = cause === undefined ? message : reasonOf(cause);
  const spent = { computeInputMs: 0, computeInferMs: now - formedAt, computeOutputMs: 0 };
  return { batchId: id, rows, outcome: code, reason, ...spent };
}

function executionFailure(error: unknown): MillraceError {
  if (!(error instanceof RowMismatch)) return toMillraceError(error);
  return new MillraceError('EXECUTION_FAILED', `The model cannot be batched as it is configured: ${error.message}.`);
}
