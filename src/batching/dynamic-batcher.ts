import { type AbortSource, abortReason } from '../core/abort.js';
import type { Clock, Timer } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { BatchAxes } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { batchKey, type InferenceRequest } from './batch.js';
import { type Batch, type BatchRunner, executeBatch, executionFigures } from './batch-execution.js';
import type { BatchPolicy } from './batch-policy.js';
import { type Fate, PoisonGuard } from './poison-guard.js';
import { Reruns } from './reruns.js';
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
  /** Whether outputs that hold NaN or Infinity are refused. */
  readonly rejectNonFinite?: boolean;
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
  readonly #guard: PoisonGuard;
  readonly #reruns: Reruns<WaitingRequest<InferenceResult>>;
  #pumpScheduled = false;
  #timer: Timer | undefined;
  #nextBatchId = 1;
  #running = 0;
  #closedWith: MillraceError | undefined;

  constructor(options: DynamicBatcherOptions<Runner>) {
    this.#options = options;
    this.#guard = new PoisonGuard(options);
    this.#reruns = new Reruns((request) => this.#guard.refusal(request));
  }

  /** Rows in the buffer. */
  get waitingRows(): number {
    return this.#waiting.rows + this.#reruns.rows;
  }

  /** Rows of one batch, at most: fewer than it may hold while many batches fail. */
  get rowLimit(): number {
    return this.#guard.rowLimit(this.#options.maxBatchSize);
  }

  /** Executions under way. */
  get running(): number {
    return this.#running;
  }

  /**
   * Runs a request, together with others where they fit.
   *
   * @param signal when it aborts before the request runs, the promise rejects with its reason
   * @throws MillraceError EXECUTION_FAILED, INSTANCE_CRASHED, INPUT_QUARANTINED, OUTPUT_NOT_FINITE, or what the signal
   * or `destroy` says
   */
  submit(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    if (this.#closedWith !== undefined) return Promise.reject(this.#closedWith);
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const refusal = this.#guard.refusal(request);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { axes, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (this.#waiting.remove(waiting)) reject(abortReason(signal));
      };
      const waiting: WaitingRequest<InferenceResult> = {
        request,
        signal,
        key: this.#guard.loneKey(request) ?? batchKey(request, axes),
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
    if (this.#pumpScheduled || (this.#waiting.isEmpty && this.#reruns.isEmpty)) return;
    this.#pumpScheduled = true;
    this.#options.clock.endOfTurn(() => this.#pump());
  }

  /** Fails everything that waits, and what comes later, with `error`. What runs goes on. Idempotent. */
  destroy(error: MillraceError): void {
    this.#closedWith ??= error;
    this.#timer?.cancel();
    for (const waiting of this.#waiting.drain()) waiting.reject(error);
    this.#reruns.close(error);
  }

  #pump(): void {
    this.#pumpScheduled = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock, policy, pool } = this.#options;
    const { rowLimit: maxBatchSize } = this;
    while (pool.idle > 0 && !this.#reruns.isEmpty) {
      const batch = this.#reruns.next();
      if (batch !== undefined) this.#dispatch(batch, { isRerun: true });
    }
    let lookAgainAt = Number.POSITIVE_INFINITY;
    for (const key of this.#waiting.keysByAge()) {
      for (let waits = this.#waiting.look(key); waits !== undefined; waits = this.#waiting.look(key)) {
        if (pool.idle === 0) return;
        const decision = policy.decide({ now: clock.now(), ...waits, idleInstances: pool.idle, maxBatchSize });
        if (decision.kind === 'wait') lookAgainAt = Math.min(lookAgainAt, decision.until);
        if (decision.kind !== 'dispatch') break;
        const batch = this.#waiting.take(key, Math.min(decision.rows, maxBatchSize)).filter(isWanted);
        if (batch.length > 0) this.#dispatch(batch, { isRerun: false });
      }
    }
    if (lookAgainAt === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.after(Math.max(0, lookAgainAt - clock.now()), () => this.#pump());
  }

  #dispatch(requests: readonly WaitingRequest<InferenceResult>[], { isRerun }: { isRerun: boolean }): void {
    const { clock, events, pool, ref } = this.#options;
    const runner = pool.take() as Runner;
    const batch: Batch<InferenceResult> = {
      id: this.#nextBatchId,
      requests,
      rows: requests.reduce((sum, { request }) => sum + request.rows, 0),
      formedAt: clock.now(),
      isRerun,
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
    const { axes, clock, events, pool, ref, rejectNonFinite = false } = this.#options;
    const keepInputs = this.#guard.mustKeep(batch);
    const outcome = await executeBatch(runner, batch, { axes, keepInputs, rejectNonFinite });
    const { fates, again } = this.#guard.judge(batch, outcome);
    this.#running -= 1;
    pool.giveBack(runner, outcome.kind === 'succeeded');
    events.emit('batchExecuted', { ...ref, ...executionFigures(batch, outcome, clock.now()) });
    for (const group of again)
      this.#reruns.add(group.map((index) => batch.requests[index] as WaitingRequest<InferenceResult>));
    this.wake();
    const inferenceMs = clock.now() - batch.formedAt;
    for (const [index, request] of batch.requests.entries()) {
      const fate = fates[index] as Fate;
      const waitedMs = batch.formedAt - request.arrivedAt;
      if (fate === 'runs again') continue;
      if (fate instanceof MillraceError) request.reject(fate);
      else request.resolve({ outputs: fate, batchRows: batch.rows, waitedMs, inferenceMs });
    }
  }
}

/** Invariant I4. A deadline may have passed while a busy event loop kept its timer from running. */
function isWanted({ signal, reject }: WaitingRequest<InferenceResult>): boolean {
  if (signal.aborted) reject(abortReason(signal));
  return !signal.aborted;
}
