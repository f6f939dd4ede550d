import type { Arrival, Setup } from './program.js';

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
  /** When the first of its rows began to run, and when the last came back. */
  begunAt: number | undefined;
  lastEndAt: number;
  /** Rows that came back well. */
  done: number;
  /** Rows of its largest execution. */
  largest: number;
  /** Why it will fail, once nothing of it runs any more. */
  failure: string | undefined;
  /** `succeeded`, or the code of the error, and when. */
  outcome: string | undefined;
  settledAt: number | undefined;
}

type Arrival2 = Omit<Arrival, 'kind'>;

export interface ReferenceExecution {
  readonly rows: readonly Row[];
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

  constructor(setup: Setup) {
    this.#setup = setup;
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
      lastEndAt: 0,
      done: 0,
      largest: 0,
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

  /** An execution comes back: well if there is no code. */
  end(execution: ReferenceExecution, code: string | undefined, instanceLives: boolean): void {
    this.executions = this.executions.filter((other) => other !== execution);
    if (instanceLives) this.idle += 1;
    this.wasted += execution.rows.filter(({ request }) => !isWanted(request)).length;
    for (const request of new Set(execution.rows.map((row) => row.request))) {
      request.lastEndAt = this.now;
      if (code === undefined) request.done += execution.rows.filter((row) => row.request === request).length;
      else request.failure ??= code;
      if (request.failure !== undefined) this.#line = this.#line.filter((row) => row.request !== request);
      if (this.#isInModel(request)) continue;
      if (request.failure !== undefined) this.#settle(request, request.failure);
      if (request.done === request.rows) this.#settle(request, 'succeeded');
    }
    this.#look();
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
    while (this.idle > 0 && this.#beginOne());
  }

  /** Begins an execution of the kind of rows that is first in line and does not wait on purpose; false if there is none. */
  #beginOne(): boolean {
    for (const kind of new Set(this.#line.map(kindOf))) {
      const rows = this.#line.filter((row) => kindOf(row) === kind);
      if (this.#delayUntil(rows) > this.now) continue;
      const { maxBatchSize, delayMs } = this.#setup;
      const wanted = delayMs === undefined ? Math.ceil(rows.length / this.idle) : rows.length;
      const taken = this.#choose(rows, Math.min(wanted, maxBatchSize));
      const remains = (row: Row) => !taken.includes(row);
      const cut = new Set(taken.map(({ request }) => request));
      // What is left of a request that was cut waits behind all others.
      const [left, others] = partition(this.#line.filter(remains), ({ request }) => cut.has(request));
      this.#line = [...others, ...left];
      this.idle -= 1;
      this.executions.push({ rows: taken });
      for (const request of cut) {
        request.begunAt ??= this.now;
        request.largest = Math.max(request.largest, taken.length);
      }
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
    const { delayMs, maxBatchSize } = this.#setup;
    if (delayMs === undefined || rows.length >= maxBatchSize) return this.now;
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
    this.#line = this.#line.filter((row) => row.request !== request);
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
    return this.#line.some(has) || this.executions.some(({ rows }) => rows.some(has));
  }
}

function isWanted({ outcome, failure }: ReferenceRequest): boolean {
  return outcome === undefined && failure === undefined;
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
