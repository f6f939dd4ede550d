import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import type { InstanceGroup } from '../runtime/instance-group.js';

/** How long the threads of an unloaded model are waited for: one inside native code can't be ended. */
const RELEASE_MS = 1_000;

/**
 * One attempt to load a model version, and what it has started: instances, and a pipeline with threads of its own.
 * All of it ends with the attempt, also what is started after the end.
 */
export class Opening {
  /** Settles when the attempt is over, whatever for. Never rejects. */
  readonly over: Promise<void>;
  readonly #clock: Clock;
  #group: InstanceGroup | undefined;
  #pipeline: RunningPipeline | undefined;
  #isOver = false;
  #settle: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws MillraceError MODEL_UNAVAILABLE if the attempt is over: it must start no thread then */
  begun(group: InstanceGroup): void {
    if (this.#isOver) throw new MillraceError('MODEL_UNAVAILABLE', 'The model was given up while it was loading.');
    this.#group = group;
  }

  compiled(pipeline: RunningPipeline | undefined): void {
    this.#pipeline = pipeline;
    if (this.#isOver) pipeline?.close();
  }

  /** Ends everything, at once; the memory is free when `released` settles. Idempotent. */
  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#group?.destroy(reason);
    this.#pipeline?.close();
    this.#settle();
  }

  /** Settles after the end, when the memory is free: the threads of the instances are gone, or can't be ended. Never rejects. */
  async whenReleased(): Promise<void> {
    const released = this.#group?.released ?? Promise.resolve();
    let stopWaiting: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      stopWaiting = resolve;
    });
    const timer = this.#clock.after(RELEASE_MS, stopWaiting);
    await Promise.race([released, late]).finally(() => timer.cancel());
  }
}
