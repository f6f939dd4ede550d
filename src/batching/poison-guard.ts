import { abortReason } from '../core/abort.js';
import type { Clock } from '../core/clock.js';
import { type ErrorCode, MillraceError } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { decideAfterFailure, type FailedRequest } from './after-failure.js';
import { hasItsInputs, type InferenceRequest } from './batch.js';
import type { Batch, BatchOutcome } from './batch-execution.js';
import { CrashBudget } from './crash-budget.js';
import { PoisonRate } from './poison-rate.js';
import { digestOf } from './request-digest.js';
import { QUARANTINE_MS, Suspects } from './suspects.js';

/** What becomes of one request after an execution: its outputs, its error, or another run. */
export type Fate = NamedTensors | MillraceError | 'runs again';

export interface Verdict {
  /** Of each request of the batch, in order. */
  readonly fates: readonly Fate[];
  /** Those that run again, by their index, in groups that run together. */
  readonly again: readonly (readonly number[])[];
  /** Whether running them again may cost as dearly as this execution did. */
  readonly isRisky: boolean;
}

export interface PoisonGuardOptions {
  readonly ref: ModelRef;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Whether executions that took too long are tried again: only processes are gone then, threads stay behind. */
  readonly retriesTimeouts?: boolean;
}

/** What executions cost dearly that end so: an instance, or all the memory or the time that there is. */
const DEARLY: Readonly<Partial<Record<ErrorCode, string>>> = {
  INSTANCE_CRASHED: 'it ended',
  OUT_OF_MEMORY: 'it ran out of memory',
  EXECUTION_TIMEOUT: 'it took too long',
};

/**
 * Keeps inputs on which a model fails from harming those that run beside them. It judges; the batcher runs.
 *
 * An execution that fails is taken apart until the culprit has failed alone (`after-failure.ts`). Culprits are
 * remembered by digest: for a while they run alone from the start, and those that ended instances, or took more memory
 * or time than there is, are not run. Requests are hashed only during that while. Batches get smaller while many fail.
 *
 * Of a request that runs in parts a part fails, and with it the request: what is remembered is the whole request, which
 * may be cut otherwise when it comes again.
 */
export class PoisonGuard {
  readonly #options: PoisonGuardOptions;
  readonly #suspects: Suspects;
  readonly #rate = new PoisonRate();
  readonly #budget: CrashBudget;
  readonly #digests = new WeakMap<InferenceRequest, string>();
  /** Executions that cost dearly, by the requests, or the parts of them, that took part. */
  readonly #crashes = new WeakMap<InferenceRequest, number>();
  #loners = 0;

  constructor(options: PoisonGuardOptions) {
    this.#options = options;
    this.#suspects = new Suspects(options.clock);
    this.#budget = new CrashBudget(options.clock);
  }

  /** Why a request may not run, now; undefined if it may. */
  refusal(request: InferenceRequest): MillraceError | undefined {
    const standing = this.#standingOf(request);
    if (standing?.kind !== 'quarantined') return undefined;
    const seconds = Math.ceil(standing.leftMs / 1_000);
    const text = `This input has ended instances of the model, or taken all their memory or time, and is not run for another ${seconds} s.`;
    return new MillraceError('INPUT_QUARANTINED', text);
  }

  /** A key that no other request has, for one that is known to fail and so must run alone; undefined for others. */
  loneKey(request: InferenceRequest): string | undefined {
    if (!this.#isSuspect(request)) return undefined;
    this.#loners += 1;
    return `alone\u0000${this.#loners}`;
  }

  /** Whether the inputs of a batch must outlive its execution, since they may run again. */
  mustKeep({ requests, isRerun }: Batch<never>): boolean {
    return requests.length > 1 || isRerun || this.#suspects.isWatching;
  }

  /** Rows that a batch should hold, at most, of `maxRows`. */
  rowLimit(maxRows: number): number {
    return this.#rate.limit(maxRows);
  }

  /** Judges an execution that has ended. */
  judge(batch: Batch<never>, outcome: BatchOutcome): Verdict {
    const { requests, isRerun } = batch;
    const { request, whole } = requests[0] as (typeof requests)[number];
    const { kind = 'clear' } = (requests.length === 1 && this.#standingOf(whole)) || {};
    // What is known to fail, and runs alone for it, is no reason for smaller batches.
    if (!isRerun && kind === 'clear') this.#rate.note(requests.length, outcome.kind === 'failed');
    if (outcome.kind === 'failed') return this.#judgeFailure(batch, outcome.error);
    this.#budget.ranWell();
    // One part that runs well says nothing of the others.
    if (kind === 'suspect' && request === whole) this.#suspects.clear(this.#digestOf(whole) as string);
    return { fates: outcome.parts, again: [], isRisky: false };
  }

  #judgeFailure(batch: Batch<never>, error: MillraceError): Verdict {
    const isDear = error.code in DEARLY;
    if (isDear) this.#countDear(batch, error.code);
    const facts = batch.requests.map(({ request, whole, isWanted }): FailedRequest => {
      return {
        mayRun: isWanted && hasItsInputs(request) && this.#mayRetry(error.code),
        isSuspect: this.#isSuspect(whole),
        crashes: this.#crashes.get(request) ?? 0,
      };
    });
    const { culprit, again } = decideAfterFailure(error.code, facts);
    if (culprit !== undefined) return { fates: [this.#convict(batch, error)], again, isRisky: isDear };
    const groups = isDear && again.length > 0 && !this.#budget.take() ? [] : again;
    const { ref, events } = this.#options;
    if (groups.length > 0)
      events.emit('executionRetried', { ...ref, batchId: batch.id, code: error.code, groups: groups.length });
    const running = new Set(groups.flat());
    const fates = batch.requests.map(({ signal }, index): Fate => {
      if (running.has(index)) return 'runs again';
      return signal.aborted ? abortReason(signal) : error;
    });
    return { fates, again: groups, isRisky: isDear };
  }

  #mayRetry(code: ErrorCode): boolean {
    return code !== 'EXECUTION_TIMEOUT' || this.#options.retriesTimeouts === true;
  }

  #countDear({ requests }: Batch<never>, code: ErrorCode): void {
    // Memory that was asked for in vain costs no instance.
    if (code !== 'OUT_OF_MEMORY') this.#budget.crashed();
    for (const { request } of requests) this.#crashes.set(request, (this.#crashes.get(request) ?? 0) + 1);
    // One that has lost its memory is not known; should it come again, it must be.
    if (requests.length === 1) this.#suspects.watch();
  }

  /** The only request of a batch is to blame; gives its error. */
  #convict({ requests }: Batch<never>, error: MillraceError): MillraceError {
    const { ref, events } = this.#options;
    const { code, cause } = error;
    const { request, whole } = requests[0] as (typeof requests)[number];
    const digest = this.#digestOf(whole);
    const what = DEARLY[code];
    const isDeadly = what !== undefined;
    const refusedForMs = isDeadly && digest !== undefined ? QUARANTINE_MS : undefined;
    events.emit('culpritFound', { ...ref, code, digest, refusedForMs });
    if (digest !== undefined) this.#suspects[isDeadly ? 'quarantine' : 'suspect'](digest);
    if (!isDeadly) return error;
    const [times, seconds] = [this.#crashes.get(request), QUARANTINE_MS / 1_000];
    const text = `Each of the ${times} times that an instance ran this input ${what}, the last time running nothing else; the same input is not run for ${seconds} s.`;
    return new MillraceError(code, text, { cause, retryAfterMs: QUARANTINE_MS });
  }

  #isSuspect(request: InferenceRequest): boolean {
    return this.#standingOf(request)?.kind === 'suspect';
  }

  /** Undefined while nothing is held against anybody. */
  #standingOf(request: InferenceRequest) {
    if (!this.#suspects.isWatching) return undefined;
    const digest = this.#digestOf(request);
    return digest === undefined ? undefined : this.#suspects.standingOf(digest);
  }

  /** Undefined if running has taken the request's memory, and it was not hashed before. */
  #digestOf(request: InferenceRequest): string | undefined {
    const known = this.#digests.get(request);
    if (known !== undefined || !hasItsInputs(request)) return known;
    const digest = digestOf(request);
    this.#digests.set(request, digest);
    return digest;
  }
}
