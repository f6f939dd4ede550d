import type { PendingRequest } from './pending-request.js';
import type { InferenceResult, WaitingRequest } from './request-part.js';

/** Requests that may share a batch, in the order of their turns. */
interface Group {
  readonly requests: Set<PendingRequest>;
  /** Those of them that wait behind younger ones, since some of their rows have run. */
  readonly begun: Set<PendingRequest>;
  rows: number;
}

/** A group as a policy sees it. */
export interface GroupView {
  readonly key: string;
  readonly rows: number;
  /** When the oldest of them arrived. */
  readonly oldestAt: number;
}

/**
 * The line in front of the instances. Each request has its turn, in the order of arrival; a request that is larger
 * than a batch gives up as many rows as fit when its turn comes, and has its next turn behind all that wait by then,
 * so that it never holds up others. Requests that may share a batch are a group: the group whose first request has
 * the earliest turn goes first, and takes along those behind it that fit. Adding, taking and removing one cost the
 * same however many wait.
 */
export class WaitingRequests {
  readonly #groups = new Map<string, Group>();
  #rows = 0;
  #turns = 0;

  /** Rows of all groups. */
  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /** How many groups wait, and since when the oldest request of all does. Looks at every one. */
  get overview(): { groups: number; oldestAt: number | undefined } {
    let oldestAt: number | undefined;
    for (const { requests } of this.#groups.values())
      for (const { arrivedAt } of requests) if (oldestAt === undefined || arrivedAt < oldestAt) oldestAt = arrivedAt;
    return { groups: this.#groups.size, oldestAt };
  }

  /** Puts a request at the end of the line. */
  add(waiting: PendingRequest): void {
    const { key, rowsLeft } = waiting;
    waiting.turn = this.#turns;
    this.#turns += 1;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { requests: new Set(), begun: new Set(), rows: 0 };
      this.#groups.set(key, group);
    }
    group.requests.add(waiting);
    if (waiting.executions > 0) group.begun.add(waiting);
    group.rows += rowsLeft;
    this.#rows += rowsLeft;
  }

  /** Takes out a request that waits no more; false if it is not here. */
  remove(waiting: PendingRequest): boolean {
    const { key, rowsLeft } = waiting;
    const group = this.#groups.get(key);
    if (group === undefined || !group.requests.delete(waiting)) return false;
    group.begun.delete(waiting);
    group.rows -= rowsLeft;
    this.#rows -= rowsLeft;
    if (group.requests.size === 0) this.#groups.delete(key);
    return true;
  }

  /** The group whose turn it is, of those that are not passed over; undefined if there is none. */
  next(passedOver?: ReadonlySet<string>): GroupView | undefined {
    let next: { key: string; group: Group; first: PendingRequest } | undefined;
    for (const [key, group] of this.#groups) {
      const first = group.requests.values().next().value as PendingRequest;
      if ((next !== undefined && first.turn > next.first.turn) || passedOver?.has(key) === true) continue;
      next = { key, group, first };
    }
    if (next === undefined) return undefined;
    let oldestAt = next.first.arrivedAt;
    for (const { arrivedAt } of next.group.begun) oldestAt = Math.min(oldestAt, arrivedAt);
    return { key: next.key, rows: next.group.rows, oldestAt };
  }

  /**
   * Takes rows of a group, in the order of turns, while they fit into `maxRows`. A request that is not larger than a
   * batch comes whole, the first one whatever its size. Those that nobody wants any more leave on the way.
   */
  take(key: string, maxRows: number): WaitingRequest<InferenceResult>[] {
    const taken: WaitingRequest<InferenceResult>[] = [];
    let room = maxRows;
    for (const waiting of this.#groups.get(key)?.requests ?? []) {
      if (room <= 0) break;
      if (!waiting.checkWanted()) continue;
      const { rowsLeft, isDivisible } = waiting;
      if (!isDivisible && taken.length > 0 && rowsLeft > room) break;
      const count = isDivisible ? Math.min(rowsLeft, room) : rowsLeft;
      this.remove(waiting);
      taken.push(waiting.take(count));
      room -= count;
      if (waiting.rowsLeft > 0) this.add(waiting);
    }
    return taken;
  }

  /** Takes everything. */
  drain(): PendingRequest[] {
    const all = [...this.#groups.values()].flatMap(({ requests }) => [...requests]);
    this.#groups.clear();
    this.#rows = 0;
    return all;
  }
}
