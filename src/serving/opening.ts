import { MillraceError } from '../core/errors.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import type { InstanceGroup } from '../runtime/instance-group.js';

/**
 * One attempt to load a model version, and what it has started: instances, and a pipeline with threads of its own.
 * All of it ends with the attempt, also what is started after the end.
 */
export class Opening {
  /** Settles when the attempt is over, whatever for. Never rejects. */
  readonly over: Promise<void>;
  #group: InstanceGroup | undefined;
  #pipeline: RunningPipeline | undefined;
  #isOver = false;
  #settle: () => void = () => undefined;

  constructor() {
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

  /** Settles when the threads of the instances are gone, after the end. Never rejects. */
  get released(): Promise<void> {
    return this.#group?.released ?? Promise.resolve();
  }
}
