import type { Clock, Timer } from './clock.js';
import { MillraceError } from './errors.js';

/**
 * The time and the interest that a piece of work has left, as one AbortSignal: it aborts when the deadline
 * passes, when the client leaves, or when somebody cancels, and its reason is the MillraceError that says which.
 */
export class Patience {
  /** The moment on the clock after which the work is worthless. */
  readonly deadlineAt: number;
  readonly #controller = new AbortController();
  readonly #timer: Timer;

  /**
   * @param leftMs milliseconds from now until the deadline
   * @param givenMs what the deadline was when the work began, for the message
   */
  constructor(clock: Clock, leftMs: number, givenMs: number) {
    this.deadlineAt = clock.now() + leftMs;
    this.#timer = clock.after(leftMs, () => this.end(deadlineExceeded(givenMs)));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the work with `error`; only the first call counts. */
  end(error: MillraceError): void {
    this.release();
    this.#controller.abort(error);
  }

  /** The work is over: the deadline's timer goes. */
  release(): void {
    this.#timer.cancel();
  }
}

/** Why a signal aborted, as a MillraceError. */
export function abortReason(signal: AbortSignal): MillraceError {
  return signal.reason instanceof MillraceError
    ? signal.reason
    : new MillraceError('CANCELLED', 'The work was cancelled.', { cause: signal.reason });
}

function deadlineExceeded(timeoutMs: number): MillraceError {
  return new MillraceError('DEADLINE_EXCEEDED', `The job was not finished within ${timeoutMs} ms.`, {
    expected: `an answer within ${timeoutMs} ms`,
  });
}
