import type { Clock, Timer } from './clock.js';
import { MillraceError } from './errors.js';

/**
 * The part of an AbortSignal that work on a job's way uses, so that it takes a platform AbortSignal as well as a
 * job's own Patience.
 */
export interface AbortSource {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
  /** Told when the first of the work begins to run: time to wait is over, and time to run begins. */
  begin?(): void;
}

/**
 * The time and the interest that a piece of work has left, as one signal: it aborts when the deadline passes, when
 * the client leaves, or when somebody cancels, and its reason is the MillraceError that says which. It has an
 * AbortSignal's interface but is none: Node's costs 4 µs and 3 kB a request.
 */
export class Patience implements AbortSource {
  /** The moment on the clock after which the work is worthless. */
  readonly deadlineAt: number;
  /** When the timer should have run: never before now. */
  readonly #dueAt: number;
  readonly #clock: Clock;
  readonly #givenMs: number;
  readonly #timer: Timer;
  #listeners: (() => void)[] = [];
  #reason: MillraceError | undefined;
  #isOver = false;

  /**
   * @param leftMs milliseconds from now until the deadline
   * @param givenMs what the deadline was when the work began, for the message
   */
  constructor(clock: Clock, leftMs: number, givenMs: number) {
    this.#clock = clock;
    this.#givenMs = givenMs;
    this.deadlineAt = clock.now() + leftMs;
    this.#dueAt = clock.now() + Math.max(0, leftMs);
    this.#timer = clock.after(leftMs, () => this.end(deadlineExceeded(givenMs)));
  }

  /** Asks the clock too: on a busy event loop a deadline passes before its timer runs. */
  get aborted(): boolean {
    if (!this.#isOver && this.#clock.now() > this.#dueAt) this.end(deadlineExceeded(this.#givenMs));
    return this.#reason !== undefined;
  }

  get reason(): MillraceError | undefined {
    return this.#reason;
  }

  /** `listener` is called once, when the work ends; listeners are called in the order in which they were added. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** Ends the work with `error`; only the first call counts. */
  end(error: MillraceError): void {
    if (this.#reason !== undefined) return;
    this.#reason = error;
    this.release();
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** The work is over: the deadline's timer goes. */
  release(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }
}

/** Why a signal aborted, as a MillraceError. */
export function abortReason({ reason }: AbortSource): MillraceError {
  if (reason instanceof MillraceError) return reason;
  return new MillraceError('CANCELLED', 'The work was cancelled.', { cause: reason });
}

function deadlineExceeded(timeoutMs: number): MillraceError {
  return new MillraceError('DEADLINE_EXCEEDED', `The job was not finished within ${timeoutMs} ms.`, {
    expected: `an answer within ${timeoutMs} ms`,
  });
}
