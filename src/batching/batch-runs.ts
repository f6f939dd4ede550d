import type { Clock } from '../core/clock.js';
import { MillraceError, reasonOf, toMillraceError } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { BatchAxes } from '../model/signature.js';
import { type Batch, type BatchRunner, executeBatch, executionFigures } from './batch-execution.js';
import type { RunningBatch } from './batcher-state.js';
import { fixedSizeRunner } from './fixed-size-runner.js';
import type { Fate, PoisonGuard } from './poison-guard.js';
import type { InferenceResult, WaitingRequest } from './request-part.js';
import type { RerunGroup } from './reruns.js';

/** Where runners come from. */
export interface RunnerPool<Runner extends BatchRunner> {
  readonly idle: number;
  take(): Runner | undefined;
  giveBack(runner: Runner, ranWell: boolean): void;
}

/** What runs are made with. */
export interface BatchRunsOptions<Runner extends BatchRunner> {
  readonly ref: ModelRef;
  readonly axes: BatchAxes;
  /** All executions have so many rows, filled up with copies where there are fewer; without it as many as there are. */
  readonly fixedRows?: number | undefined;
  /** Whether outputs that hold NaN or Infinity are refused. */
  readonly rejectNonFinite?: boolean;
  readonly pool: RunnerPool<Runner>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** Whom the runs tell. */
export interface BatchRunsListener {
  /** A batch has come back, and its runner is free again; some of it runs again, in groups that run together. */
  ended(again: readonly RerunGroup<InferenceResult>[]): void;
  /** Something happened that must never happen. */
  violated(what: string): void;
}

interface RunningInfo {
  readonly instance: string;
  readonly rows: number;
  readonly since: number;
  readonly isRisky: boolean;
}

/** The batches of one model version that run: each on a runner of its own, which is given back when it is over. */
export class BatchRuns<Runner extends BatchRunner> {
  readonly #options: BatchRunsOptions<Runner>;
  readonly #guard: PoisonGuard;
  readonly #listener: BatchRunsListener;
  readonly #running = new Map<number, RunningInfo>();
  #nextId = 1;

  /** @param guard judges what has come back */
  constructor(options: BatchRunsOptions<Runner>, guard: PoisonGuard, listener: BatchRunsListener) {
    this.#options = options;
    this.#guard = guard;
    this.#listener = listener;
  }

  /** Executions under way. */
  get size(): number {
    return this.#running.size;
  }

  /** Whether one is under way that may cost an instance. */
  get isAtRisk(): boolean {
    return [...this.#running.values()].some(({ isRisky }) => isRisky);
  }

  get list(): RunningBatch[] {
    const now = this.#options.clock.now();
    return [...this.#running].map(([batchId, { instance, rows, since }]) => {
      return { batchId, instance, rows, forMs: now - since };
    });
  }

  /**
   * Runs parts of requests together. When it is over each has settled or is told to run again, whatever throws on the way.
   *
   * @param isRerun whether they have run before, in an execution that failed, and `isRisky` whether that one was dear
   */
  start(
    parts: readonly WaitingRequest<InferenceResult>[],
    { isRerun, isRisky = false }: { isRerun: boolean; isRisky?: boolean },
  ): void {
    const batch: Batch<InferenceResult> = {
      id: this.#nextId,
      requests: parts,
      rows: parts.reduce((sum, { request }) => sum + request.rows, 0),
      formedAt: this.#options.clock.now(),
      isRerun,
      isRisky,
    };
    this.#nextId += 1;
    this.#execute(batch).catch((error: unknown) => {
      this.#running.delete(batch.id);
      this.#listener.violated(`batch ${batch.id} threw: ${reasonOf(error)}`);
      for (const part of parts) if (!part.isSettled) part.reject(toMillraceError(error));
    });
  }

  async #execute(batch: Batch<InferenceResult>): Promise<void> {
    const { axes, clock, events, fixedRows, pool, ref, rejectNonFinite = false } = this.#options;
    const { id: batchId, rows, formedAt, requests } = batch;
    const runner = pool.take();
    if (runner === undefined) throw new Error('an instance that was free is not there');
    this.#running.set(batchId, { instance: runner.name, rows, since: formedAt, isRisky: batch.isRisky });
    events.emit('batchFormed', { ...ref, batchId, rows, jobs: requests.length, instance: runner.name });
    const sized = fixedRows === undefined ? runner : fixedSizeRunner(runner, fixedRows, axes);
    const keepInputs = this.#guard.mustKeep(batch);
    const outcome = await executeBatch(sized, batch, { axes, keepInputs, rejectNonFinite });
    this.#running.delete(batchId);
    this.#tellWaste(batch);
    pool.giveBack(runner, outcome.kind === 'succeeded');
    const { fates, again, isRisky } = this.#guard.judge(batch, outcome);
    const partAt = (index: number) => requests[index] as (typeof requests)[number];
    this.#listener.ended(again.map((group) => ({ parts: group.map(partAt), isRisky })));
    events.emit('batchExecuted', { ...ref, ...executionFigures(batch, outcome, clock.now()) });
    settle(batch, fates, clock.now());
  }

  /** Rows that ran for nobody: their clients have left, or their time was over, or another part of theirs has failed. */
  #tellWaste({ requests, rows, formedAt }: Batch<InferenceResult>): void {
    const wastedRows = requests.reduce((sum, part) => sum + (part.isWanted ? 0 : part.request.rows), 0);
    if (wastedRows === 0) return;
    const { clock, events, ref } = this.#options;
    events.emit('workWasted', { ...ref, rows: wastedRows, ms: ((clock.now() - formedAt) * wastedRows) / rows });
  }
}

/** Hands out what came of a batch. */
function settle({ requests, rows, formedAt }: Batch<InferenceResult>, fates: readonly Fate[], now: number): void {
  for (const [index, part] of requests.entries()) {
    const fate = fates[index] as Fate;
    if (fate === 'runs again') continue;
    const waitedMs = formedAt - part.arrivedAt;
    if (fate instanceof MillraceError) part.reject(fate);
    else part.resolve({ outputs: fate, batchRows: rows, waitedMs, inferenceMs: now - formedAt });
  }
}
