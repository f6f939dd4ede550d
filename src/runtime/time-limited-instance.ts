import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ExecutionResult, Instance } from './backend.js';

export interface TimeLimit {
  readonly limitMs: number;
  readonly clock: Clock;
}

/**
 * Decorator: an instance that is ended when an execution takes too long. Nothing else stops a native call; whether it
 * really ends then, as a process does, or only stays behind, as a thread must, is the instance's business.
 */
export class TimeLimitedInstance implements Instance {
  readonly #instance: Instance;
  readonly #limit: TimeLimit;
  #timedOut = false;

  constructor(instance: Instance, limit: TimeLimit) {
    this.#instance = instance;
    this.#limit = limit;
  }

  get name(): string {
    return this.#instance.name;
  }

  get signature(): Signature {
    return this.#instance.signature;
  }

  get provider(): string {
    return this.#instance.provider;
  }

  get ended(): Promise<string> {
    return this.#instance.ended;
  }

  get released(): Promise<void> {
    return this.#instance.released ?? Promise.resolve();
  }

  get residentBytes(): number | undefined {
    return this.#instance.residentBytes;
  }

  /** Whether the limit is what ended it. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  async run(inputs: NamedTensors): Promise<ExecutionResult> {
    const { clock, limitMs } = this.#limit;
    let isOver = false;
    const timer = clock.after(limitMs, () => {
      // An answer may lie unread where the event loop was busy for longer than the limit: it is read first.
      clock.endOfTurn(() => {
        if (!isOver) this.#end();
      });
    });
    try {
      return await this.#instance.run(inputs);
    } catch (error) {
      throw this.#timedOut ? this.#timeout() : error;
    } finally {
      isOver = true;
      timer.cancel();
    }
  }

  destroy(reason: string): void {
    this.#instance.destroy(reason);
  }

  #end(): void {
    this.#timedOut = true;
    this.#instance.destroy(this.#reason);
  }

  get #reason(): string {
    return `an execution took longer than ${this.#limit.limitMs} ms`;
  }

  #timeout(): MillraceError {
    const text = `The model did not finish the batch within ${this.#limit.limitMs} ms; the job may be sent again.`;
    return new MillraceError('EXECUTION_TIMEOUT', text, { cause: this.#reason });
  }
}
