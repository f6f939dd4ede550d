import { type AbortSource, abortReason } from '../core/abort.js';
import { MillraceError } from '../core/errors.js';
import type { Target } from './model-entry.js';
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

/** What waits for models to load, within the bounds of their queues (invariant I7). */
export class LoadWaits {
  readonly #taken = new Map<ServedModel, { rows: number; bytes: number }>();

  /** Requests' rows that wait for a model. */
  rowsOf(model: ServedModel): number {
    return this.#taken.get(model)?.rows ?? 0;
  }

  /**
   * Waits with a request until `loaded` settles or the request's time is over.
   *
   * @throws MillraceError QUEUE_FULL if too much waits already, else the reason of the signal
   */
  async within(
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
function untilAborted(work: Promise<void>, signal: AbortSource): Promise<void> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort);
    void work.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
