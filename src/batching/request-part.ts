import type { AbortSource } from '../core/abort.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { InferenceRequest } from './batch.js';

/**
 * What a batch holds of one request, all of its rows or some of them, with what it takes to settle them. Each is to be
 * settled exactly once.
 */
export interface WaitingRequest<Result> {
  readonly request: InferenceRequest;
  readonly signal: AbortSource;
  readonly arrivedAt: number;
  readonly isSettled: boolean;
  /** Whether somebody waits for it. */
  readonly isWanted: boolean;
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
  readonly arrivedAt: number;
  readonly signal: AbortSource;
  readonly isWanted: boolean;
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

  constructor(owner: PartOwner, request: InferenceRequest, index: number) {
    this.#owner = owner;
    this.request = request;
    this.#index = index;
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
    this.#owner.endPart(this.#index, outcome);
  }
}
