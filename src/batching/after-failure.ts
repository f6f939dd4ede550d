import type { ErrorCode } from '../core/errors.js';

/** What is known of a request whose execution failed. */
export interface FailedRequest {
  /** Somebody waits for it, and running has left it its inputs. */
  readonly mayRun: boolean;
  /** It is known to fail. */
  readonly isSuspect: boolean;
  /** Executions that it took part in and that ended their instance or were too much for it, the last one included. */
  readonly crashes: number;
}

/**
 * What follows from a failed execution, for its requests by their index: the one whose fault it is, those that run
 * again, in groups, and for the rest nothing but the error.
 */
export interface FailureDecision {
  readonly culprit: number | undefined;
  readonly again: readonly (readonly number[])[];
}

/** Errors that one input of many may be to blame for. */
const INPUTS_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'EXECUTION_FAILED',
  'INSTANCE_CRASHED',
  'OUT_OF_MEMORY',
  'EXECUTION_TIMEOUT',
]);

/** What happens under one request alone may happen by chance, other than an error of the model; twice it is the request's doing. */
const CRASHES_TO_CONVICT = 2;

/**
 * Decides who runs again after a failed execution. Several requests are halved, so that in the end the culprit has
 * failed alone and all others have an answer; those that are known to fail are picked out instead, and run alone. For
 * k culprits among n requests that is at most 2 · k · ⌈log2 n⌉ further executions: on each level of the halving no
 * more than k groups fail. A request that nobody wants any more does not run again.
 */
export function decideAfterFailure(code: ErrorCode, requests: readonly FailedRequest[]): FailureDecision {
  if (!INPUTS_FAULTS.has(code)) return { culprit: undefined, again: [] };
  const [first] = requests;
  const isConvicted = code === 'EXECUTION_FAILED' || (first?.crashes ?? 0) >= CRASHES_TO_CONVICT;
  if (requests.length === 1 && isConvicted) return { culprit: 0, again: [] };
  const left = requests.flatMap(({ mayRun }, index) => (mayRun ? [index] : []));
  const suspects = left.filter((index) => requests[index]?.isSuspect);
  const others = left.filter((index) => !requests[index]?.isSuspect);
  // A suspect explains the failure: the others need not be halved yet.
  const middle = suspects.length > 0 ? others.length : Math.ceil(others.length / 2);
  const groups = [...suspects.map((index) => [index]), others.slice(0, middle), others.slice(middle)];
  return { culprit: undefined, again: groups.filter(isFilled) };
}

function isFilled(group: readonly number[]): boolean {
  return group.length > 0;
}
