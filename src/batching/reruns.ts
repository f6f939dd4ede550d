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
  /** The requests of each group, with their listeners. */
  readonly #groups: Map<Request, () => void>[] = [];
  #rows = 0;
  #closedWith: Error | undefined;

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

  /** The next group, which is the caller's; undefined if there is none. */
  next(): Request[] | undefined {
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const requests = [...group.keys()];
      for (const request of requests) this.#remove(group, request);
      if (requests.length > 0) return requests;
    }
    return undefined;
  }

  /** Fails everything that waits, and what comes later, with `error`. */
  close(error: Error): void {
    this.#closedWith ??= error;
    for (let group = this.next(); group !== undefined; group = this.next()) {
      for (const request of group) request.reject(error);
    }
  }

  #remove(group: Map<Request, () => void>, request: Request): void {
    const leave = group.get(request);
    if (leave === undefined) return;
    request.signal.removeEventListener('abort', leave);
    group.delete(request);
    this.#rows -= request.request.rows;
  }
}
