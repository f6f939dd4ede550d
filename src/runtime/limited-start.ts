import type { Clock } from '../core/clock.js';
import type { Backend, Instance, InstanceSpec, StartOptions } from './backend.js';
import { TimeLimitedInstance } from './time-limited-instance.js';

/** How long an instance may take; what has no limit may take for ever. */
export interface InstanceTimeLimits {
  readonly loadTimeoutMs?: number;
  readonly executionTimeoutMs?: number;
}

export interface LimitedStartOptions extends InstanceTimeLimits, StartOptions {
  readonly clock: Clock;
}

/**
 * Loads an instance within the time for it, and puts it under the limit for its executions.
 *
 * @throws MillraceError MODEL_UNAVAILABLE with the reason if the model cannot be loaded, or not in time
 */
export async function startWithinLimits(
  backend: Backend,
  spec: InstanceSpec,
  { clock, signal, said, loadTimeoutMs, executionTimeoutMs }: LimitedStartOptions,
): Promise<Instance> {
  const late = new AbortController();
  const giveUp = () => late.abort(new Error(`it was not loaded within ${loadTimeoutMs} ms`));
  const timer = loadTimeoutMs === undefined ? undefined : clock.after(loadTimeoutMs, giveUp);
  try {
    const instance = await backend.start(spec, { signal: AbortSignal.any([signal, late.signal]), said });
    if (executionTimeoutMs === undefined) return instance;
    return new TimeLimitedInstance(instance, { limitMs: executionTimeoutMs, clock });
  } finally {
    timer?.cancel();
  }
}
