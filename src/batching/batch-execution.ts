import { MillraceError, reasonOf, toMillraceError } from '../core/errors.js';
import type { EventMap, ModelRef } from '../core/events.js';
import type { BatchAxes } from '../model/signature.js';
import type { ExecutionPhases, ExecutionResult } from '../runtime/backend.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { gather, RowMismatch, scatter } from './batch.js';
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
}

/** What came of a batch: the outputs of each of its requests, in order, or the error that all of them get. */
export type BatchOutcome =
  | { readonly kind: 'succeeded'; readonly parts: readonly NamedTensors[]; readonly phases: ExecutionPhases }
  | { readonly kind: 'failed'; readonly error: MillraceError };

/** Runs a batch. Never rejects: whatever goes wrong with it is its outcome. */
export async function executeBatch(runner: BatchRunner, batch: Batch<never>, axes: BatchAxes): Promise<BatchOutcome> {
  const requests = batch.requests.map(({ request }) => request);
  try {
    const { outputs, phases } = await runner.run(gather(requests, axes));
    return { kind: 'succeeded', parts: scatter(outputs, requests, axes), phases };
  } catch (error) {
    return { kind: 'failed', error: executionFailure(error) };
  }
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
