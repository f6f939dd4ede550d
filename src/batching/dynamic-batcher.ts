import { type AbortSource, abortReason } from '../core/abort.js';
import type { Timer } from '../core/clock.js';
import { type MillraceError, reasonOf } from '../core/errors.js';
import { batchKey, type InferenceRequest } from './batch.js';
import type { BatchRunner } from './batch-execution.js';
import type { BatchPolicy } from './batch-policy.js';
import { BatchRuns, type BatchRunsOptions } from './batch-runs.js';
import { type BatcherState, findStall } from './batcher-state.js';
import { PendingRequest, type PendingRequestOwner } from './pending-request.js';
import { PoisonGuard, type PoisonGuardOptions } from './poison-guard.js';
import type { InferenceResult } from './request-part.js';
import { Reruns } from './reruns.js';
import type { ShapeBuckets } from './shape-buckets.js';
import { WaitingRequests } from './waiting-requests.js';

/** What a batcher is made with. */
export interface DynamicBatcherOptions<Runner extends BatchRunner>
  extends BatchRunsOptions<Runner>,
    PoisonGuardOptions {
  readonly maxBatchSize: number;
  /** Whether a request of more rows than a batch is run in parts; else it runs whole, by itself. */
  readonly splits?: boolean;
  readonly policy: BatchPolicy;
  /** Brings requests to common sizes; without it they keep their own. */
  readonly buckets?: ShapeBuckets | undefined;
}

/** When requests have waited for so long and nothing has moved meanwhile, it is told why. */
const STALL_MS = 5_000;
/** After something threw that must not, the pump looks again this much later. */
const RETRY_MS = 100;

/**
 * Coalesces the requests that wait for one model version into one execution per free instance.
 *
 * The policy decides, the pump acts. The pump looks at the end of an event-loop turn, so that requests which were
 * parsed together ride together for free, and again when an instance becomes free (invariant I3: no instance, no
 * batch). A request whose signal aborts leaves the line at once and is never executed (I4); one that runs already
 * settles when its batch does, since until then it takes a place. What an execution that failed leaves to run again
 * goes before the line. Each request settles exactly once (I1), and nothing that throws ends the pump: it is told as
 * `invariantViolated`, and the pump looks again.
 */
export class DynamicBatcher<Runner extends BatchRunner> {
  readonly #options: DynamicBatcherOptions<Runner>;
  readonly #owner: PendingRequestOwner;
  readonly #waiting = new WaitingRequests();
  readonly #guard: PoisonGuard;
  readonly #reruns: Reruns<InferenceResult>;
  readonly #runs: BatchRuns<Runner>;
  #pumpScheduled = false;
  #lookAgain: Timer | undefined;
  #watch: Timer | undefined;
  #movedAt: number;
  #closedWith: MillraceError | undefined;

  constructor(options: DynamicBatcherOptions<Runner>) {
    const { axes, clock, events, ref } = options;
    this.#options = options;
    this.#movedAt = clock.now();
    this.#owner = {
      axes,
      leave: (request) => {
        this.#waiting.remove(request);
        if (this.#nothingWaits) this.#rest();
      },
      settled: ({ executions, rows }) => {
        if (executions > 1) events.emit('requestSplit', { ...ref, rows, executions });
      },
      violated: (what) => this.#violated(what),
    };
    this.#guard = new PoisonGuard(options);
    this.#reruns = new Reruns(({ whole }) => this.#guard.refusal(whole));
    this.#runs = new BatchRuns(options, this.#guard, {
      ended: (again) => {
        this.#movedAt = clock.now();
        for (const group of again) this.#reruns.add(group);
        this.wake();
      },
      violated: (what) => this.#violated(what),
    });
  }

  /** Rows in line, and those that wait to run again. */
  get waitingRows(): number {
    return this.#waiting.rows + this.#reruns.rows;
  }

  /** Rows of one batch, at most: fewer than it may hold while many batches fail. */
  get rowLimit(): number {
    return this.#guard.rowLimit(this.#options.maxBatchSize);
  }

  /** Executions under way. */
  get running(): number {
    return this.#runs.size;
  }

  /** How things stand, for logs. Looks at all that waits. */
  get state(): BatcherState {
    const now = this.#options.clock.now();
    const [line, reruns] = [this.#waiting.overview, this.#reruns.overview];
    return {
      waitingRows: this.waitingRows,
      groups: line.groups + reruns.groups,
      oldestWaitMs: now - Math.min(line.oldestAt ?? now, reruns.oldestAt ?? now),
      idleForMs: now - this.#movedAt,
      idleInstances: this.#options.pool.idle,
      running: this.#runs.list,
    };
  }

  /**
   * Runs a request, together with others where they fit; in parts, if it is larger than a batch.
   *
   * @param signal when it aborts before all of the request runs, the promise rejects with its reason
   * @throws MillraceError EXECUTION_FAILED, INSTANCE_CRASHED, OUT_OF_MEMORY, EXECUTION_TIMEOUT,
   * INPUT_QUARANTINED, OUTPUT_NOT_FINITE, or what the signal or `destroy` says
   */
  submit(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    const { buckets } = this.#options;
    return buckets === undefined ? this.#enqueue(request, signal) : this.#fit(buckets, request, signal);
  }

  #enqueue(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    if (this.#closedWith !== undefined) return Promise.reject(this.#closedWith);
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const refusal = this.#guard.refusal(request);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { axes, clock, maxBatchSize, splits = true } = this.#options;
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(
        {
          request,
          signal,
          key: this.#guard.loneKey(request) ?? batchKey(request, axes),
          arrivedAt: clock.now(),
          largestPart: splits ? maxBatchSize : Number.POSITIVE_INFINITY,
          resolve,
          reject,
        },
        this.#owner,
      );
      this.#waiting.add(pending);
      this.wake();
    });
  }

  async #fit(buckets: ShapeBuckets, request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    const { events, ref } = this.#options;
    const { request: fitted, elements, padding, cut } = buckets.fit(request);
    events.emit('requestPadded', { ...ref, elements, padding });
    const result = await this.#enqueue(fitted, signal);
    return { ...result, outputs: cut(result.outputs) };
  }

  /** Something changed: look again at the end of this turn. */
  wake(): void {
    if (this.#pumpScheduled || this.#nothingWaits) return;
    this.#pumpScheduled = true;
    this.#options.clock.endOfTurn(() => this.#pump());
  }

  /** Fails everything that waits, and what comes later, with `error`. What runs goes on. Idempotent. */
  destroy(error: MillraceError): void {
    this.#closedWith ??= error;
    this.#rest();
    for (const waiting of this.#waiting.drain()) waiting.fail(error);
    this.#reruns.close(error);
  }

  get #nothingWaits(): boolean {
    return this.#waiting.isEmpty && this.#reruns.isEmpty;
  }

  #pump(): void {
    this.#pumpScheduled = false;
    this.#lookAgain?.cancel();
    this.#lookAgain = undefined;
    try {
      this.#lookAgainAt(this.#formBatches());
    } catch (error) {
      this.#violated(`the pump threw: ${reasonOf(error)}`);
      this.#lookAgainAt(this.#options.clock.now() + RETRY_MS);
    }
  }

  /** Forms batches while there are instances for them; gives when to look again, Infinity for when something changes. */
  #formBatches(): number {
    const { clock, policy, pool } = this.#options;
    while (pool.idle > 0) {
      const group = this.#reruns.next(!this.#runs.isAtRisk);
      if (group === undefined) break;
      this.#runs.start(group.parts, { isRerun: true, isRisky: group.isRisky });
      this.#movedAt = clock.now();
    }
    const { rowLimit: maxBatchSize } = this;
    let lookAgainAt = Number.POSITIVE_INFINITY;
    let passedOver: Set<string> | undefined;
    while (pool.idle > 0) {
      const group = this.#waiting.next(passedOver);
      if (group === undefined) break;
      const { key, rows, oldestAt } = group;
      const decision = policy.decide({ now: clock.now(), rows, oldestAt, idleInstances: pool.idle, maxBatchSize });
      if (decision.kind === 'dispatch') {
        const parts = this.#waiting.take(key, Math.max(1, Math.min(decision.rows, maxBatchSize)));
        if (parts.length > 0) this.#runs.start(parts, { isRerun: false });
        this.#movedAt = clock.now();
        continue;
      }
      if (decision.kind === 'wait') lookAgainAt = Math.min(lookAgainAt, decision.until);
      passedOver ??= new Set();
      passedOver.add(key);
    }
    return lookAgainAt;
  }

  #lookAgainAt(at: number): void {
    const { clock } = this.#options;
    if (this.#nothingWaits) {
      this.#rest();
    } else if (at < Number.POSITIVE_INFINITY) {
      this.#lookAgain = clock.after(Math.max(0, at - clock.now()), () => this.wake());
    } else {
      this.#watch ??= clock.after(STALL_MS, () => this.#checkProgress());
    }
  }

  /** Nothing waits. */
  #rest(): void {
    this.#lookAgain?.cancel();
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  /** Runs every so often while something waits for an instance. */
  #checkProgress(): void {
    const { clock, events, ref } = this.#options;
    this.#watch = clock.after(STALL_MS, () => this.#checkProgress());
    const { state } = this;
    const stall = findStall(state, STALL_MS);
    if (stall === undefined) return;
    events.emit('batcherStalled', { ...ref, reason: stall.reason, state: JSON.stringify(state) });
    if (stall.kind !== 'fault') return;
    this.#violated(stall.reason);
    this.#pumpScheduled = false;
    this.wake();
  }

  #violated(what: string): void {
    this.#options.events.emit('invariantViolated', { ...this.#options.ref, what });
  }
}
