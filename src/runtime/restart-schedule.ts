import type { Clock, Timer } from '../core/clock.js';
import { reasonOf } from '../core/errors.js';
import type { CrashCause, EventSink, ModelRef } from '../core/events.js';
import { decideRestart } from './restart-policy.js';

/** An instance that ended without being told to, or could not be started again. */
export interface Crash {
  readonly name: string;
  readonly index: number;
  readonly reason: string;
  readonly cause: CrashCause;
}

export interface RestartOptions {
  readonly ref: ModelRef;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Starts instance `index` again; if that fails it is a crash like any other. */
  readonly start: (index: number) => Promise<unknown>;
  readonly onGiveUp: (reason: string) => void;
}

/** When the crashed instances of one model version start again, and when no more. */
export class RestartSchedule {
  readonly #options: RestartOptions;
  readonly #due = new Set<Timer>();
  #crashesInARow = 0;
  #count = 0;
  #isCancelled = false;

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  /** Restarts so far. */
  get count(): number {
    return this.#count;
  }

  /** An instance has done a batch: crashes from now on are new ones. */
  ranWell(): void {
    this.#crashesInARow = 0;
  }

  /** @param mayGiveUp false for a crash that is no reason to give up, however many there were before */
  crashed(crash: Crash, mayGiveUp: boolean): void {
    const { clock, events, ref, start, onGiveUp } = this.#options;
    const { name, index, reason, cause } = crash;
    if (this.#isCancelled) return;
    this.#crashesInARow += 1;
    const decision = decideRestart(this.#crashesInARow, mayGiveUp);
    const restartInMs = decision.kind === 'restart' ? decision.inMs : undefined;
    events.emit('instanceCrashed', { ...ref, instance: name, reason, cause, restartInMs });
    if (decision.kind === 'giveUp') {
      onGiveUp(`its instances keep dying; the last one: ${reason}`);
      return;
    }
    const timer = clock.after(decision.inMs, () => {
      this.#due.delete(timer);
      this.#count += 1;
      start(index).catch((error: unknown) => this.crashed({ ...crash, reason: reasonOf(error), cause: 'load' }, true));
    });
    this.#due.add(timer);
  }

  /** Takes back the restarts that are due; there will be no more. */
  cancel(): void {
    this.#isCancelled = true;
    for (const timer of this.#due) timer.cancel();
    this.#due.clear();
  }
}
