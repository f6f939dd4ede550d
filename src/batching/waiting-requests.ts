import type { AbortSource } from '../core/abort.js';
import type { InferenceRequest } from './batch.js';

/** A request in the batcher's buffer, with what it takes to settle it. */
export interface WaitingRequest<Result> {
  readonly request: InferenceRequest;
  readonly signal: AbortSource;
  readonly key: string;
  readonly arrivedAt: number;
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** Requests that may share a batch, in the order of their arrival. */
interface Group<Result> {
  readonly requests: Set<WaitingRequest<Result>>;
  rows: number;
}

/**
 * Requests that wait for an instance, in groups that may share a batch; inside a group it is first come, first
 * served. Adding, taking and removing one cost the same however many wait.
 */
export class WaitingRequests<Result> {
  readonly #groups = new Map<string, Group<Result>>();
  #rows = 0;

  /** Rows of all groups. */
  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  add(waiting: WaitingRequest<Result>): void {
    const { rows } = waiting.request;
    const group = this.#groups.get(waiting.key);
    if (group === undefined) {
      this.#groups.set(waiting.key, { requests: new Set([waiting]), rows });
    } else {
      group.requests.add(waiting);
      group.rows += rows;
    }
    this.#rows += rows;
  }

  /** Takes out a request that waits no more; false if it is not here. */
  remove(waiting: WaitingRequest<Result>): boolean {
    const group = this.#groups.get(waiting.key);
    if (group === undefined || !group.requests.delete(waiting)) return false;
    group.rows -= waiting.request.rows;
    this.#rows -= waiting.request.rows;
    if (group.requests.size === 0) this.#groups.delete(waiting.key);
    return true;
  }

  /** The keys of the groups, that of the oldest waiting request first. */
  keysByAge(): string[] {
    const keys = [...this.#groups.keys()];
    if (keys.length <= 1) return keys;
    const age = new Map(keys.map((key) => [key, this.look(key)?.oldestAt ?? 0]));
    return keys.sort((a, b) => (age.get(a) as number) - (age.get(b) as number));
  }

  /** How many rows wait in a group and since when; undefined when nothing does. */
  look(key: string): { rows: number; oldestAt: number } | undefined {
    const group = this.#groups.get(key);
    const oldest = group?.requests.values().next().value;
    return group === undefined || oldest === undefined ? undefined : { rows: group.rows, oldestAt: oldest.arrivedAt };
  }

  /** Takes requests of a group, oldest first, while they fit into `maxRows`; the first is taken whatever its size. */
  take(key: string, maxRows: number): WaitingRequest<Result>[] {
    const taken: WaitingRequest<Result>[] = [];
    let rows = 0;
    for (const waiting of this.#groups.get(key)?.requests ?? []) {
      if (taken.length > 0 && rows + waiting.request.rows > maxRows) break;
      taken.push(waiting);
      rows += waiting.request.rows;
      if (rows >= maxRows) break;
    }
    for (const waiting of taken) this.remove(waiting);
    return taken;
  }

  /** Takes everything. */
  drain(): WaitingRequest<Result>[] {
    const all = [...this.#groups.values()].flatMap(({ requests }) => [...requests]);
    this.#groups.clear();
    this.#rows = 0;
    return all;
  }
}
