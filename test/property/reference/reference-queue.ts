import type { Arrival, Ending, Setup } from './program.js';
import { codes, isWanted, ReferenceFailures, type ReferenceGroup } from './reference-failures.js';

/** One row of a request. */
interface Row {
  readonly request: ReferenceRequest;
  readonly index: number;
}

/** A request and what became of it: all that the real thing is held against. Times in milliseconds. */
export interface ReferenceRequest extends Arrival2 {
  readonly number: number;
  readonly receivedAt: number;
  /** When its turn came to go to the model. */
  startedAt: number | undefined;
  /** When the first of its rows began to run for the first time. */
  begunAt: number | undefined;
  /** Of the executions that ended well: when the first began, when the last came back, and the rows of the largest. */
  firstRanAt: number;
  lastEndAt: number;
  largest: number;
  /** Rows that came back well. */
  done: number;
  /** Why it will fail, once nothing of it runs any more. */
  failure: string | undefined;
  /** `succeeded`, or the code of the error, and when. */
  outcome: string | undefined;
  settledAt: number | undefined;
}

type Arrival2 = Omit<Arrival, 'kind'>;

/** What an execution holds of one request. */
export interface ReferencePart {
  readonly request: ReferenceRequest;
  readonly rows: readonly Row[];
  /** Executions that it was in and that ended their instance, or were too much for it. */
  setbacks: number;
}

export interface ReferenceExecution {
  readonly parts: readonly ReferencePart[];
  readonly rows: readonly Row[];
  readonly begunAt: number;
  readonly isRerun: boolean;
  readonly isRisky: boolean;
}

/**
 * What a queue with a batcher behind it must do, the slow and obvious way: a list of requests that wait for their turn,
 * a list of rows that wait for an instance, and after everything that happens one look at the lists. No heap, no
 * groups, no cursors, no timers: when something is due is found by asking everybody.
 */
export class ReferenceQueue {
  readonly requests: ReferenceRequest[] = [];
  /** Those that run, in the order in which they began. */
  executions: ReferenceExecution[] = [];
  now = 0;
  idle: number;
  /** Rows that ran for nobody. */
  wasted = 0;
  readonly #setup: Setup;
  #waiting: ReferenceRequest[] = [];
  #line: Row[] = [];
  /** Those that failed together and run again together. */
  #reruns: ReferenceGroup[] = [];
  readonly #failures: ReferenceFailures;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#failures = new ReferenceFailures(setup, () => this.now);
    this.idle = setup.instances;
  }

  /** Rows accepted that have not left: those of requests that wait, or of which something is with the model. */
  get takenRows(): number {
    return sum(this.requests.filter((request) => this.#waiting.includes(request) || this.#isInModel(request)));
  }

  get unsettled(): ReferenceRequest[] {
    return this.requests.filter(({ outcome }) => outcome === undefined);
  }

  arrive(arrival: Arrival2): void {
    const request: ReferenceRequest = {
      ...arrival,
      number: this.requests.length,
      receivedAt: this.now,
      startedAt: undefined,
      begunAt: undefined,
      firstRanAt: Number.POSITIVE_INFINITY,
      lastEndAt: 0,
      largest: 0,
      done: 0,
      failure: undefined,
      outcome: undefined,
      settledAt: undefined,
    };
    this.requests.push(request);
    this.#waiting.push(request);
    this.#look();
  }

  cancel(request: ReferenceRequest): void {
    this.#giveUp(request, 'CANCELLED');
    this.#look();
  }

  /** An execution comes back. */
  end(execution: ReferenceExecution, ending: Ending): void {
    this.executions = this.executions.filter((other) => other !== execution);
    if (ending !== 'crash' && ending !== 'hang') this.idle += 1;
    this.wasted += execution.rows.filter(({ request }) => !isWanted(request)).length;
    const { failed, again } = this.#failures.judge(execution, ending);
    this.#reruns.push(...again);
    if (ending === 'finish') for (const part of execution.parts) this.#finish(part, execution);
    for (const { request } of failed) {
      request.failure ??= codes[ending];
      this.#leave(request);
    }
    for (const { request } of execution.parts) {
      if (this.#isInModel(request)) continue;
      if (request.failure !== undefined) this.#settle(request, request.failure);
      if (request.done === request.rows) this.#settle(request, 'succeeded');
    }
    this.#look();
  }

  #finish({ request, rows }: ReferencePart, execution: ReferenceExecution): void {
    request.done += rows.length;
    request.firstRanAt = Math.min(request.firstRanAt, execution.begunAt);
    request.lastEndAt = this.now;
    request.largest = Math.max(request.largest, execution.rows.length);
  }

  revive(): void {
    this.idle += 1;
    this.#look();
  }

  /** Goes from one moment at which something is due to the next. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const due = Math.min(...this.unsettled.map((request) => this.#dueAt(request)), this.#nextDelay());
      if (due > until) break;
      this.now = Math.max(this.now, due);
      // All that is over at one moment is over before anything begins.
      for (const request of this.unsettled)
        if (this.#dueAt(request) <= this.now) this.#giveUp(request, 'DEADLINE_EXCEEDED');
      this.#look();
    }
    this.now = until;
  }

  /** After whatever happened: those whose turn it is go to the model, and free instances get rows. */
  #look(): void {
    while (this.#waiting.length > 0 && sum(this.#inModel()) < this.#setup.concurrency) {
      const first = this.#waiting.reduce((a, b) => (virtualDeadline(b) < virtualDeadline(a) ? b : a));
      this.#waiting = this.#waiting.filter((request) => request !== first);
      first.startedAt = this.now;
      for (let index = 0; index < first.rows; index += 1) this.#line.push({ request: first, index });
    }
    while (this.idle > 0) {
      const isAtRisk = this.executions.some(({ isRisky }) => isRisky);
      const next = this.#reruns.find(({ isRisky }) => !isRisky || !isAtRisk);
      if (next === undefined) break;
      this.#reruns = this.#reruns.filter((group) => group !== next);
      this.#begin(next.parts, { isRerun: true, isRisky: next.isRisky });
    }
    while (this.idle > 0 && this.#beginOne());
  }

  #begin(parts: readonly ReferencePart[], { isRerun, isRisky }: { isRerun: boolean; isRisky: boolean }): void {
    this.idle -= 1;
    this.executions.push({ parts, rows: parts.flatMap(({ rows }) => rows), begunAt: this.now, isRerun, isRisky });
    for (const { request } of parts) request.begunAt ??= this.now;
  }

  /** Begins an execution of the kind of rows that is first in line and does not wait on purpose; false if there is none. */
  #beginOne(): boolean {
    for (const kind of new Set(this.#line.map(kindOf))) {
      const rows = this.#line.filter((row) => kindOf(row) === kind);
      if (this.#delayUntil(rows) > this.now) continue;
      const { delayMs } = this.#setup;
      const wanted = delayMs === undefined ? Math.ceil(rows.length / this.idle) : rows.length;
      const taken = this.#choose(rows, Math.min(wanted, this.#failures.rowLimit));
      const remains = (row: Row) => !taken.includes(row);
      const cut = new Set(taken.map(({ request }) => request));
      // What is left of a request that was cut waits behind all others.
      const [left, others] = partition(this.#line.filter(remains), ({ request }) => cut.has(request));
      this.#line = [...others, ...left];
      const rowsOf = (request: ReferenceRequest) => taken.filter((row) => row.request === request);
      const parts = [...cut].map((request): ReferencePart => ({ request, rows: rowsOf(request), setbacks: 0 }));
      this.#begin(parts, { isRerun: false, isRisky: false });
      return true;
    }
    return false;
  }

  /** Request by request while they fit; one that no batch could hold gives as many rows as there is room for. */
  #choose(rows: readonly Row[], count: number): Row[] {
    const chosen: Row[] = [];
    for (const request of new Set(rows.map((row) => row.request))) {
      const own = rows.filter((row) => row.request === request);
      const room = count - chosen.length;
      if (request.rows > this.#setup.maxBatchSize) chosen.push(...own.slice(0, room));
      else if (chosen.length === 0 || own.length <= room) chosen.push(...own);
      else break;
      if (chosen.length >= count) break;
    }
    return chosen;
  }

  /** Until when rows of one kind wait for more to come. */
  #delayUntil(rows: readonly Row[]): number {
    const { delayMs } = this.#setup;
    if (delayMs === undefined || rows.length >= this.#failures.rowLimit) return this.now;
    return Math.min(...rows.map(({ request }) => request.startedAt as number)) + delayMs;
  }

  #nextDelay(): number {
    if (this.idle === 0) return Number.POSITIVE_INFINITY;
    const kinds = [...new Set(this.#line.map(kindOf))];
    return Math.min(...kinds.map((kind) => this.#delayUntil(this.#line.filter((row) => kindOf(row) === kind))));
  }

  #dueAt({ receivedAt, begunAt, timeoutMs, queueTimeoutMs, executionTimeoutMs }: ReferenceRequest): number {
    const total = receivedAt + timeoutMs;
    if (begunAt === undefined) return Math.min(total, receivedAt + (queueTimeoutMs ?? Number.POSITIVE_INFINITY));
    return Math.min(total, begunAt + (executionTimeoutMs ?? Number.POSITIVE_INFINITY));
  }

  #giveUp(request: ReferenceRequest, code: string): void {
    this.#settle(request, code);
    this.#waiting = this.#waiting.filter((other) => other !== request);
    this.#leave(request);
  }

  /** What waits of a request that nobody wants any more, in line or for another run, leaves. */
  #leave(request: ReferenceRequest): void {
    this.#line = this.#line.filter((row) => row.request !== request);
    const remaining = this.#reruns.map(({ parts, isRisky }) => {
      return { parts: parts.filter((part) => part.request !== request), isRisky };
    });
    this.#reruns = remaining.filter(({ parts }) => parts.length > 0);
  }

  #settle(request: ReferenceRequest, outcome: string): void {
    if (request.outcome !== undefined) return;
    request.outcome = outcome;
    request.settledAt = this.now;
  }

  #inModel(): ReferenceRequest[] {
    return this.requests.filter((request) => this.#isInModel(request));
  }

  #isInModel(request: ReferenceRequest): boolean {
    const has = (row: Row) => row.request === request;
    const isIn = ({ rows }: { rows: readonly Row[] }) => rows.some(has);
    return this.#line.some(has) || this.executions.some(isIn) || this.#reruns.some(({ parts }) => parts.some(isIn));
  }
}

function kindOf({ request }: Row): string {
  return `${request.width} ${request.scale}`;
}

/** Three seconds of waiting are worth a level of priority; a deadline further off than that does not count as urgent. */
function virtualDeadline({ receivedAt, timeoutMs, queueTimeoutMs = timeoutMs, priority }: ReferenceRequest): number {
  return receivedAt + Math.min(timeoutMs, queueTimeoutMs, 3_000) + 3_000 * (priority === 0 ? 5 : priority);
}

function sum(requests: readonly ReferenceRequest[]): number {
  return requests.reduce((total, { rows }) => total + rows, 0);
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
