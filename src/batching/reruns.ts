import { type AbortSource, abortReason } from '../core/abort.js';
import type { InferenceRequest } from './batch.js';

/** What it takes of a request to let it wait for another run. */
interface Rerunnable {
  readonly request: InferenceRequest;
  readonly signal: AbortSource;
  reject(error: Error): void;
}

/**
 * Requests whose execution failed and that wait to run again, in groups that run together. Their turn came before that
 * of all who still wait for a first run, so they go first; since each execution is followed by a bounded number of
 * them, nobody starves of it. One whose signal aborts leaves at once (invariant I4).
 */
export class Reruns<Request extends Rerunnable> {
  readonly #refusal: (request: InferenceRequest) => Error | undefined;
  /** The requests of each group, with their listeners. */
  readonly #groups: Map<Request, () => void>[] = [];
  #rows = 0;
  #closedWith: Error | undefined;

  /** @param refusal why a request may not run any more, since it was last asked; undefined if it may */
  constructor(refusal: (request: InferenceRequest) => Error | undefined) {
    this.#refusal = refusal;
  }

  get isEmpty(): boolean {
    return this.#rows === 0;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Lets a group wait; it must not be empty. */
  add(requests: readonly Request[]): void {
    if (this.#closedWith !== undefined) {
      for (const request of requests) request.reject(this.#closedWith);
      return;
    }
    const group = new Map<Request, () => void>();
    for (const request of requests) {
      const leave = () => {
        this.#remove(group, request);
        request.reject(abortReason(request.signal));
      };
      group.set(request, leave);
      this.#rows += request.request.rows;
      request.signal.addEventListener('abort', leave);
    }
    this.#groups.push(group);
  }

  /** Takes the next group, without those that may not run any more: they fail. Undefined if there is none. */
  next(): Request[] | undefined {
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const requests = [...group.keys()];
      for (const request of requests) this.#remove(group, request);
      const allowed = requests.filter((request) => {
        const { aborted } = request.signal;
        const refusal = aborted ? abortReason(request.signal) : this.#refusal(request.request);
        if (refusal !== undefined) request.reject(refusal);
        return refusal === undefined;
      });
      if (allowed.length > 0) return allowed;
    }
    return undefined;
  }

  /** Fails everything that waits, and what comes later, with `error`. */
  close(error: Error): void {
    this.#closedWith ??= error;
    for (const group of this.#groups.splice(0)) {
      for (const request of group.keys()) {
        this.#remove(group, request);
        request.reject(error);
      }
    }
  }

  #remove(group: Map<Request, () => void>, request: Request): void {
    request.signal.removeEventListener('abort', group.get(request) as () => void);
    group.delete(request);
    this.#rows -= request.request.rows;
  }
}
