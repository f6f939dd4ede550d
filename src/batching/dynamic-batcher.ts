import { type AbortSource, abortReason } from '../core/abort.js';
import type { Clock, Timer } from '../core/clock.js';
import type { MillraceError } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { BatchAxes } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { batchKey, type InferenceRequest } from './batch.js';
import { type Batch, type BatchRunner, executeBatch, executionFigures } from './batch-execution.js';
import type { BatchPolicy } from './batch-policy.js';
import { type WaitingRequest, WaitingRequests } from './waiting-requests.js';

/** Where the batcher gets runners from. */
export interface RunnerPool<Runner extends BatchRunner> {
  readonly idle: number;
  take(): Runner | undefined;
  giveBack(runner: Runner, ranWell: boolean): void;
}

/** What a request gets back: its own rows of the outputs, and how it ran. Times in milliseconds. */
export interface InferenceResult {
  readonly outputs: NamedTensors;
  /** Rows of the batch that it ran in. */
  readonly batchRows: number;
  /** From its arrival at the batcher until its batch was formed. */
  readonly waitedMs: number;
  readonly inferenceMs: number;
}

export interface DynamicBatcherOptions<Runner extends BatchRunner> {
  readonly ref: ModelRef;
  readonly axes: BatchAxes;
  readonly maxBatchSize: number;
  readonly policy: BatchPolicy;
  readonly pool: RunnerPool<Runner>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/**
 * Coalesces the requests that wait for one model version into one execution per free instance.
 *
 * The policy decides, the pump acts. The pump looks at the end of an event-loop turn, so that requests which were
 * parsed together ride together for free, and again when an instance becomes free (invariant I3: no instance, no
 * batch). A request whose signal aborts leaves the buffer at once and is never executed (I4); one that runs already
 * settles when its batch does, since until then it takes a place. Each request settles exactly once (I1).
 */
export class DynamicBatcher<Runner extends BatchRunner> {
  readonly #options: DynamicBatcherOptions<Runner>;
  readonly #waiting = new WaitingRequests<InferenceResult>();
  #pumpScheduled = false;
  #timer: Timer | undefined;
  #nextBatchId = 1;
  #running = 0;
  #closedWith: MillraceError | undefined;

  constructor(options: DynamicBatcherOptions<Runner>) {
    this.#options = options;
  }

  /** Rows in the buffer. */
  get waitingRows(): number {
    return this.#waiting.rows;
  }

  /** Executions under way. */
  get running(): number {
    return this.#running;
  }

  /**
   * Runs a request, together with others where they fit.
   *
   * @param signal when it aborts before the request runs, the promise rejects with its reason
   * @throws MillraceError EXECUTION_FAILED, INSTANCE_CRASHED, or what the signal or `destroy` says
   */
  submit(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    if (this.#closedWith !== undefined) return Promise.reject(this.#closedWith);
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const { axes, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (this.#waiting.remove(waiting)) reject(abortReason(signal));
      };
      const waiting: WaitingRequest<InferenceResult> = {
        request,
        signal,
        key: batchKey(request, axes),
        arrivedAt: clock.now(),
        resolve: (result) => {
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        },
        reject: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort);
      this.#waiting.add(waiting);
      this.wake();
    });
  }

  /** Something changed: look again at the end of this turn. */
  wake(): void {
    if (this.#pumpScheduled || this.#waiting.isEmpty) return;
    this.#pumpScheduled = true;
    this.#options.clock.endOfTurn(() => this.#pump());
  }

  /** Fails everything that waits, and what comes later, with `error`. What runs goes on. Idempotent. */
  destroy(error: MillraceError): void {
    this.#closedWith ??= error;
    this.#timer?.cancel();
    for (const waiting of this.#waiting.drain()) waiting.reject(error);
  }

  #pump(): void {
    this.#pumpScheduled = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock, maxBatchSize, policy, pool } = this.#options;
    let lookAgainAt = Number.POSITIVE_INFINITY;
    for (const key of this.#waiting.keysByAge()) {
      for (let waits = this.#waiting.look(key); waits !== undefined; waits = this.#waiting.look(key)) {
        if (pool.idle === 0) return;
        const decision = policy.decide({ now: clock.now(), ...waits, idleInstances: pool.idle, maxBatchSize });
        if (decision.kind === 'wait') lookAgainAt = Math.min(lookAgainAt, decision.until);
        if (decision.kind !== 'dispatch') break;
        const batch = this.#waiting.take(key, Math.min(decision.rows, maxBatchSize)).filter(isWanted);
        if (batch.length > 0) this.#dispatch(batch);
      }
    }
    if (lookAgainAt === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.after(Math.max(0, lookAgainAt - clock.now()), () => this.#pump());
  }

  #dispatch(requests: readonly WaitingRequest<InferenceResult>[]): void {
    const { clock, events, pool, ref } = this.#options;
    const runner = pool.take() as Runner;
    const batch: Batch<InferenceResult> = {
      id: this.#nextBatchId,
      requests,
      rows: requests.reduce((sum, { request }) => sum + request.rows, 0),
      formedAt: clock.now(),
    };
    this.#nextBatchId += 1;
    this.#running += 1;
    events.emit('batchFormed', {
      ...ref,
      batchId: batch.id,
      rows: batch.rows,
      jobs: requests.length,
      instance: runner.name,
    });
    void this.#execute(runner, batch);
  }

  /** Runs a batch and settles its requests. All that can go wrong with it is caught here, so that the pump can't die of it. */
  async #execute(runner: Runner, batch: Batch<InferenceResult>): Promise<void> {
    const { axes, clock, events, pool, ref } = this.#options;
    const outcome = await executeBatch(runner, batch, axes);
    this.#running -= 1;
    pool.giveBack(runner, outcome.kind === 'succeeded');
    this.wake();
    events.emit('batchExecuted', { ...ref, ...executionFigures(batch, outcome, clock.now()) });
    if (outcome.kind === 'failed') {
      for (const { reject } of batch.requests) reject(outcome.error);
      return;
    }
    const inferenceMs = clock.now() - batch.formedAt;
    for (const [index, { resolve, arrivedAt }] of batch.requests.entries()) {
      const outputs = outcome.parts[index] as NamedTensors;
      resolve({ outputs, batchRows: batch.rows, waitedMs: batch.formedAt - arrivedAt, inferenceMs });
    }
  }
}

/** Invariant I4. A deadline may have passed while a busy event loop kept its timer from running. */
function isWanted({ signal, reject }: WaitingRequest<InferenceResult>): boolean {
  if (signal.aborted) reject(abortReason(signal));
  return !signal.aborted;
}
