import { type AbortSource, abortReason } from '../core/abort.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { BatchAxes } from '../model/signature.js';
import type { InferenceRequest } from './batch.js';
import { type InferenceResult, type PartOwner, RequestPart, type WaitingRequest } from './request-part.js';
import { joinParts, type PartResult, partOf } from './row-parts.js';

/** Whom a request tells what becomes of it. */
export interface PendingRequestOwner {
  readonly axes: BatchAxes;
  /** The request's rows that are still in line must leave it: nobody wants them any more, and nothing else of it waits. */
  leave(request: PendingRequest): void;
  /** The request is over; `error` is undefined if it succeeded. */
  settled(request: PendingRequest): void;
  /** Something happened that must never happen. */
  violated(what: string): void;
}

/** What it takes to make one. */
export interface PendingRequestOptions {
  readonly request: InferenceRequest;
  readonly signal: AbortSource;
  readonly key: string;
  /** On the clock. */
  readonly arrivedAt: number;
  /** More rows than that run in parts. */
  readonly largestPart: number;
  resolve(result: InferenceResult): void;
  reject(error: Error): void;
}

/**
 * A request from its arrival at the batcher until it settles, which it does exactly once (invariant I1), and not
 * before the last of its rows that runs has come back: until then it takes a place.
 *
 * It fails with the first error of any of its parts, and when its signal aborts while some of its rows wait, in line or
 * for another run; those leave then, and what runs is for nobody.
 */
export class PendingRequest implements PartOwner {
  readonly key: string;
  readonly arrivedAt: number;
  readonly rows: number;
  /** Whether it may be cut into parts: it is larger than any batch. */
  readonly isDivisible: boolean;
  /** Its place in line, which the line gives it. */
  turn = 0;
  readonly #options: PendingRequestOptions;
  readonly #owner: PendingRequestOwner;
  /** In the order of their rows. */
  readonly #parts: { readonly part: RequestPart; readonly rows: number; result: InferenceResult | undefined }[] = [];
  readonly #onAbort = () => this.#abandon();
  #rowsLeft: number;
  /** Parts that have not come back. */
  #running = 0;
  #failure: Error | undefined;
  #isSettled = false;

  constructor(options: PendingRequestOptions, owner: PendingRequestOwner) {
    const { key, arrivedAt, request, signal, largestPart } = options;
    this.key = key;
    this.arrivedAt = arrivedAt;
    this.rows = request.rows;
    this.isDivisible = request.rows > largestPart;
    this.#rowsLeft = request.rows;
    this.#options = options;
    this.#owner = owner;
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Rows that wait. */
  get rowsLeft(): number {
    return this.#rowsLeft;
  }

  /** The executions that it has taken part in. */
  get executions(): number {
    return this.#parts.length;
  }

  /** Whether somebody waits for what has not come back. */
  get isWanted(): boolean {
    return this.#failure === undefined && !this.#options.signal.aborted;
  }

  /** As `isWanted`, of one that waits; of one that nobody wants nothing waits any more when this returns (invariant I4). */
  checkWanted(): boolean {
    // A deadline may have passed while a busy event loop kept its timer from running.
    if (this.#options.signal.aborted) this.#abandon();
    return this.#failure === undefined;
  }

  /** Takes the next `count` rows, which run now. */
  take(count: number): WaitingRequest<InferenceResult> {
    const { request, signal } = this.#options;
    if (this.#parts.length === 0) signal.begin?.();
    const from = this.rows - this.#rowsLeft;
    const own = count === this.rows ? request : partOf(request, { from, count }, this.#owner.axes);
    const part = new RequestPart(this, own, this.#parts.length);
    this.#parts.push({ part, rows: count, result: undefined });
    this.#running += 1;
    this.#rowsLeft -= count;
    return part;
  }

  /** Fails the request, once nothing of it runs any more. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const part of this.#suspended) if (!part.isSettled) part.reject(error);
    this.#owner.leave(this);
    this.#settleIfOver();
  }

  endPart(index: number, outcome: InferenceResult | Error): void {
    this.#running -= 1;
    if (outcome instanceof Error) this.fail(outcome);
    else (this.#parts[index] as { result: InferenceResult | undefined }).result = outcome;
    this.#settleIfOver();
  }

  settledAgain(): void {
    this.#owner.violated('a part of a request was settled twice');
  }

  get signal(): AbortSource {
    return this.#options.signal;
  }

  get request(): InferenceRequest {
    return this.#options.request;
  }

  /** Also a request of no rows has its turn. */
  get #isInLine(): boolean {
    return this.#rowsLeft > 0 || this.#parts.length === 0;
  }

  get #suspended(): RequestPart[] {
    return this.#parts.flatMap(({ part }) => (part.isSuspended ? [part] : []));
  }

  /** What runs already is let run, and its result is delivered if all of it does. */
  #abandon(): void {
    const waits = this.#isInLine || this.#suspended.length > 0;
    if (waits && this.#failure === undefined) this.fail(abortReason(this.#options.signal));
  }

  #settleIfOver(): void {
    if (this.#isSettled || this.#running > 0) return;
    if (this.#failure === undefined && this.#rowsLeft > 0) return;
    this.#isSettled = true;
    const { signal, resolve, reject } = this.#options;
    signal.removeEventListener('abort', this.#onAbort);
    const outcome = this.#failure ?? this.#joined();
    if (outcome instanceof Error) reject(outcome);
    else resolve(outcome);
    this.#owner.settled(this);
  }

  #joined(): InferenceResult | Error {
    const parts = this.#parts as readonly (PartResult & { readonly part: RequestPart })[];
    if (parts.length === 1) return (parts[0] as PartResult).result;
    try {
      return joinParts(parts, this.#owner.axes);
    } catch (error) {
      return new MillraceError(
        'EXECUTION_FAILED',
        `The model cannot be batched as it is configured: ${reasonOf(error)}.`,
      );
    }
  }
}
