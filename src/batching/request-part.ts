import type { AbortSource } from '../core/abort.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { InferenceRequest } from './batch.js';

/**
 * What a batch holds of one request, all of its rows or some of them, with what it takes to settle them. Each is to be
 * settled exactly once.
 */
export interface WaitingRequest<Result> {
  readonly request: InferenceRequest;
  /** The request that it is of; the same as `request` if it is all of it. */
  readonly whole: InferenceRequest;
  readonly signal: AbortSource;
  readonly arrivedAt: number;
  readonly isSettled: boolean;
  /** Whether somebody waits for it. */
  readonly isWanted: boolean;
  /** It waits for another run from now on; it fails as soon as nobody wants it any more. */
  suspend(): void;
  /** It is to run now; false if it has failed. */
  resume(): boolean;
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** What a request gets back: its own rows of the outputs, and how it ran. Times in milliseconds. */
export interface InferenceResult {
  readonly outputs: NamedTensors;
  /** Rows of the batch that it ran in; of the largest, if it was split. */
  readonly batchRows: number;
  /** From its arrival at the batcher until its batch was formed; the first of them, if it was split. */
  readonly waitedMs: number;
  /** From then until the last of its rows was there. */
  readonly inferenceMs: number;
}

/** The request that a part belongs to. */
export interface PartOwner {
  readonly request: InferenceRequest;
  readonly arrivedAt: number;
  readonly signal: AbortSource;
  readonly isWanted: boolean;
  /** Whether somebody waits for it, of one that is waiting itself; if not, all that waits of it has failed when this returns. */
  checkWanted(): boolean;
  /** The part has come back. */
  endPart(index: number, outcome: InferenceResult | Error): void;
  /** The part was to be settled a second time: that is not delivered, but told. */
  settledAgain(): void;
}

/** The rows of one request in one batch: all that it has, or a part of them. */
export class RequestPart implements WaitingRequest<InferenceResult> {
  readonly request: InferenceRequest;
  readonly #owner: PartOwner;
  /** Which of the owner's parts it is. */
  readonly #index: number;
  #isSettled = false;
  #isSuspended = false;

  constructor(owner: PartOwner, request: InferenceRequest, index: number) {
    this.#owner = owner;
    this.request = request;
    this.#index = index;
  }

  get whole(): InferenceRequest {
    return this.#owner.request;
  }

  get arrivedAt(): number {
    return this.#owner.arrivedAt;
  }

  get signal(): AbortSource {
    return this.#owner.signal;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isWanted(): boolean {
    return this.#owner.isWanted;
  }

  /** Whether it waits for another run. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): boolean {
    this.#owner.checkWanted();
    if (this.#isSettled) return false;
    this.#isSuspended = false;
    return true;
  }

  resolve(result: InferenceResult): void {
    this.#settle(result);
  }

  reject(error: Error): void {
    this.#settle(error);
  }

  #settle(outcome: InferenceResult | Error): void {
    if (this.#isSettled) {
      this.#owner.settledAgain();
      return;
    }
    this.#isSettled = true;
    this.#isSuspended = false;
    this.#owner.endPart(this.#index, outcome);
  }
}
