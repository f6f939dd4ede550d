import { MillraceError } from '../core/errors.js';
import { shown } from '../core/zod-issues.js';
import { PRIORITY } from '../jobs/job-request.js';
import type { Parameters } from './infer-request.js';

/** When a request wants to be run: Triton's schedule policy extension, in the terms of jobs. */
export interface Schedule {
  /** 1 is the highest, 0 the default. */
  readonly priority: number;
  /** Undefined if the request does not say. */
  readonly timeoutMs: number | undefined;
}

const MICROSECONDS_PER_MS = 1_000;
/** A day, as for every other request. */
const MAX_TIMEOUT_MS = 86_400_000;

/**
 * Reads `priority` and `timeout` (in µs; 0 is none) from a request's parameters. As with Triton, a priority that there
 * is no level for is the default.
 *
 * @throws MillraceError INVALID_REQUEST also for a parameter in the part of the names that Triton keeps for itself
 */
export function scheduleFrom(parameters: Parameters): Schedule {
  for (const name in parameters) {
    if (!name.startsWith('triton_')) continue;
    const text = "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified";
    throw new MillraceError('INVALID_REQUEST', `${text}: ${name.slice(0, 128)}`);
  }
  const priority = wholeNumber(parameters, 'priority');
  const timeoutMs = wholeNumber(parameters, 'timeout') / MICROSECONDS_PER_MS;
  return {
    priority: priority > PRIORITY.lowest ? 0 : priority,
    timeoutMs: timeoutMs === 0 ? undefined : Math.min(timeoutMs, MAX_TIMEOUT_MS),
  };
}

/** A count by name; 0 if it is not said. Numbers of 64 bits come as BigInt or as digits from some clients. */
function wholeNumber(parameters: Parameters, name: string): number {
  const said = Object.hasOwn(parameters, name) ? parameters[name] : 0;
  const isNumeric = typeof said === 'number' || typeof said === 'bigint' || /^\d{1,20}$/.test(String(said));
  const value = isNumeric ? Number(said) : Number.NaN;
  if (Number.isInteger(value) && value >= 0) return value;
  throw new MillraceError('INVALID_REQUEST', `parameter '${name}' must be a whole number that is not negative`, {
    path: `parameters.${name}`,
    got: shown(said),
  });
}
