import type { AbortSource, TimeLimits } from '../core/abort.js';
import type { MillraceError } from '../core/errors.js';
import type { ModelRef, Timings } from '../core/events.js';
import type { ModelInput, ModelResult } from '../serving/model-input.js';

/** What a job came to. */
export type JobOutcome =
  | {
      readonly state: 'succeeded';
      readonly outputs: ModelResult['outputs'];
      readonly timings: Timings;
      readonly batchSize: number;
    }
  | { readonly state: 'failed' | 'cancelled'; readonly error: MillraceError; readonly timings: Timings };

/** Strategy: where the result of a job goes. `deliver` is called exactly once, and must not throw. */
export interface Endpoint {
  readonly kind: 'response';
  /**
   * Takes the outputs of a job that is about to succeed into the endpoint's form.
   *
   * @throws MillraceError if that form cannot carry them; the job has failed with it then
   */
  encode?(outputs: ModelResult['outputs']): void;
  deliver(outcome: JobOutcome): void;
}

/** Highest and lowest priority on the wire; 0 asks for the default. */
export const PRIORITY = { highest: 1, lowest: 10, default: 5 } as const;

/** What a caller asks for; its time limits are counted from `receivedAt`. */
export interface JobRequest extends TimeLimits {
  readonly id: string;
  /** Whose job it is; nobody else can see or cancel it. Undefined where keys are not asked for. */
  readonly tenant: string | undefined;
  /** What to run; or the error of an input that does not fit, which makes a job that has failed before it is queued. */
  readonly input: ModelInput | MillraceError;
  readonly endpoint: Endpoint;
  /** 1 is the highest; 0 the default. */
  readonly priority: number;
  /** When the request arrived, on the clock. */
  readonly receivedAt: number;
}

/** A model version as the job layer sees it. */
export interface JobProcessor {
  readonly ref: ModelRef;
  readonly limits: {
    readonly queueRows: number;
    readonly queueBytes: number;
    /** Rows of what is submitted together; without it as many as the queue holds. */
    readonly maxRows?: number | undefined;
    /** Of jobs that do not say it themselves. */
    readonly queueTimeoutMs?: number | undefined;
  };
  /** Rows that may be on their way through the model at once; one job may be on its way whatever its size. */
  readonly concurrency: number;
  /** Is told of the jobs that were accepted and have not left, so that the model stays until they have. */
  readonly usage?: {
    /** Whether it gets no more jobs. */
    readonly isOver: boolean;
    hold(jobs: number): void;
    release(): void;
  };
  infer(input: ModelInput, signal: AbortSource): Promise<ModelResult>;
}

/**
 * The time limits of a job: its own, else those of its model. How long an execution may take is the business of the
 * instances; a job has such a limit only if it says so itself.
 */
export function timeLimitsOf(request: TimeLimits, limits: JobProcessor['limits']): TimeLimits {
  return {
    timeoutMs: request.timeoutMs,
    queueTimeoutMs: request.queueTimeoutMs ?? limits.queueTimeoutMs,
    executionTimeoutMs: request.executionTimeoutMs,
  };
}
