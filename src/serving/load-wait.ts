import { type AbortSource, abortReason, Patience } from '../core/abort.js';
import type { Clock } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { Target } from './model-entry.js';
import type { ModelLoader } from './model-loader.js';
import type { ServedModel } from './served-model.js';

/** What a request asks for, and how long it can wait for a model to load. */
export interface WaitingRequest {
  readonly timeoutMs: number;
  /** When the request arrived, on the clock. */
  readonly receivedAt: number;
  /** What it holds while it waits. */
  readonly rows: number;
  readonly bytes: number;
}

/** A request that waits for its model. */
export interface LoadWait {
  /**
   * Settles when the model can take the request's jobs, which must be submitted in the same turn.
   *
   * @throws MillraceError MODEL_UNAVAILABLE, QUEUE_FULL, DEADLINE_EXCEEDED, or what `leave` was called with
   */
  readonly ready: Promise<Target>;
  /** The request is no longer wanted. */
  leave(error: MillraceError): void;
}

/** The requests that wait for models to load, within the bounds of the models' queues (invariant I7). */
export class LoadWaits {
  readonly #loader: ModelLoader;
  readonly #clock: Clock;
  readonly #taken = new Map<ServedModel, { rows: number; bytes: number }>();

  constructor(loader: ModelLoader, clock: Clock) {
    this.#loader = loader;
    this.#clock = clock;
  }

  /** Rows of requests that wait for a model. */
  rowsOf(model: ServedModel): number {
    return this.#taken.get(model)?.rows ?? 0;
  }

  /** @param findAgain finds the target anew, when another version has taken the place of the one before */
  begin(target: Target, request: WaitingRequest, findAgain: () => Target): LoadWait {
    const patience = new Patience(this.#clock, request.receivedAt, { timeoutMs: request.timeoutMs });
    const ready = this.#untilReady(target, { request, patience, findAgain }).finally(() => patience.release());
    return { ready, leave: (error) => patience.end(error) };
  }

  async #untilReady(
    first: Target,
    { request, patience, findAgain }: { request: WaitingRequest; patience: Patience; findAgain: () => Target },
  ): Promise<Target> {
    let target = first;
    for (;;) {
      if (!target.model.isUsable || target.model.usage.isOver) target = findAgain();
      const { model } = target;
      if (model.state === 'READY') {
        // Nobody may evict it until its jobs hold it.
        model.usage.hold();
        this.#clock.endOfTurn(() => model.usage.release());
        return target;
      }
      const loaded = this.#loader.load(model, { isWanted: () => !patience.aborted });
      await this.#within({ model, loaded, signal: patience }, request).finally(() => this.#loader.wake());
    }
  }

  /**
   * Waits with a request until `loaded` settles or the request's time is over.
   *
   * @throws MillraceError QUEUE_FULL if too much waits already, else the reason of the signal
   */
  async #within(
    { model, loaded, signal }: { model: ServedModel; loaded: Promise<void>; signal: AbortSource },
    { rows, bytes }: WaitingRequest,
  ): Promise<void> {
    const taken = this.#taken.get(model) ?? { rows: 0, bytes: 0 };
    const { queueRows, queueBytes } = model.limits;
    if (taken.rows + rows > queueRows || taken.bytes + bytes > queueBytes) {
      throw new MillraceError('QUEUE_FULL', `Too much waits already for model ${model.ref.model} to load.`, {
        expected: `room for ${rows} of at most ${queueRows} rows and ${bytes} of at most ${queueBytes} bytes`,
        got: `${taken.rows} rows and ${taken.bytes} bytes are waiting`,
        retryAfterMs: 1_000,
      });
    }
    this.#taken.set(model, taken);
    taken.rows += rows;
    taken.bytes += bytes;
    try {
      await untilAborted(loaded, signal);
    } finally {
      taken.rows -= rows;
      taken.bytes -= bytes;
      if (taken.rows === 0) this.#taken.delete(model);
    }
  }
}

/** @throws MillraceError the reason of the signal, when it aborts before the work is done */
async function untilAborted(work: Promise<void>, signal: AbortSource): Promise<void> {
  if (signal.aborted) throw abortReason(signal);
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortReason(signal));
  });
  signal.addEventListener('abort', onAbort);
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
