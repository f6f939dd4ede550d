import { Worker } from 'node:worker_threads';
import { type AbortSource, abortReason } from '../core/abort.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { StepOutcome } from './run-steps.js';
import type { Value } from './step.js';
import { fromWire, type PipelineSource, type StepMessage, type StepRange, type StepReply } from './step-protocol.js';

/** Items that go to a thread together, where they wait for the same steps: a message costs about as much as a small step. */
const MOST_ITEMS = 16;
/** A thread that is not done with its items by then is ended: an own step has run away. */
const TIME_LIMIT_MS = 30_000;
/** JavaScript objects of one thread. */
const MAX_HEAP_MB = 512;

const threadEntry = new URL('./step-thread.js', import.meta.url);

interface Task {
  readonly range: StepRange;
  readonly value: Value;
  readonly signal: AbortSource;
  /** It was with others when their thread died, and may be the cause. */
  suspect: boolean;
  settle(outcome: StepOutcome, firstMs: number): void;
}

interface Thread {
  readonly worker: Worker;
  /** Pipelines that it was told of. */
  readonly defined: Set<number>;
  running: readonly Task[];
  limit: NodeJS.Timeout | undefined;
}

/**
 * A few threads for steps that would hold up the main thread, shared by all models. They are started when there is
 * something for them to do. What waits for the same steps goes to a thread together.
 */
export class StepPool {
  readonly #size: number;
  readonly #entry: URL;
  readonly #sources = new Map<number, PipelineSource>();
  readonly #threads = new Set<Thread>();
  #waiting: Task[] = [];
  #nextPipeline = 1;
  #closed = false;

  /** @param entry the module that the threads run; another one than `step-thread` only in tests */
  constructor(size: number, entry: URL = threadEntry) {
    this.#size = size;
    this.#entry = entry;
  }

  /** Makes a pipeline known; gives the number to call it by. */
  define(source: PipelineSource): number {
    const pipeline = this.#nextPipeline;
    this.#nextPipeline += 1;
    this.#sources.set(pipeline, source);
    return pipeline;
  }

  /** The pipeline will not be run again. */
  forget(pipeline: number): void {
    this.#sources.delete(pipeline);
    for (const { worker, defined } of this.#threads)
      if (defined.delete(pipeline)) tell(worker, { kind: 'forget', pipeline });
  }

  /**
   * Runs steps on one item in a thread. The value is copied on its way there.
   *
   * @param signal when it aborts before the steps begin, they don't
   * @returns what came of it, and its share of what the first step took, in milliseconds. Never rejects.
   */
  run(range: StepRange, value: Value, signal: AbortSource): Promise<{ outcome: StepOutcome; firstMs: number }> {
    return new Promise((resolve) => {
      const settle = (outcome: StepOutcome, firstMs: number) => resolve({ outcome, firstMs });
      this.#waiting.push({ range, value, signal, suspect: false, settle });
      this.#pump();
    });
  }

  /** Ends all threads; what they run or would run fails. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { worker } of this.#threads) void worker.terminate();
    this.#failAll(this.#waiting.splice(0), 'the server was stopped');
  }

  #pump(): void {
    while (this.#waiting.length > 0) {
      const thread = [...this.#threads].find(({ running }) => running.length === 0) ?? this.#start();
      if (thread === undefined) return;
      const tasks = this.#nextTasks();
      if (tasks.length > 0) this.#dispatch(thread, tasks);
    }
  }

  #start(): Thread | undefined {
    if (this.#closed) this.#failAll(this.#waiting.splice(0), 'the server was stopped');
    if (this.#closed || this.#threads.size >= this.#size) return undefined;
    const worker = new Worker(this.#entry, { name: 'steps', resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
    const thread: Thread = { worker, defined: new Set(), running: [], limit: undefined };
    // An idle thread keeps no process alive.
    worker.unref();
    let reason = 'it ended by itself';
    worker.on('error', (error) => {
      reason = reasonOf(error);
    });
    worker.on('exit', () => this.#onExit(thread, reason));
    worker.on('message', (reply: StepReply) => this.#onReply(thread, reply));
    this.#threads.add(thread);
    return thread;
  }

  /** The task that waits longest, with those that wait for the same; a suspect goes alone. */
  #nextTasks(): Task[] {
    this.#waiting = this.#waiting.filter((task) => {
      if (task.signal.aborted) task.settle({ error: abortReason(task.signal) }, 0);
      return !task.signal.aborted;
    });
    const [first] = this.#waiting;
    if (first === undefined) return [];
    const isAlike = ({ range, suspect }: Task) => !suspect && sameRange(range, first.range);
    const tasks = first.suspect ? [first] : this.#waiting.filter(isAlike).slice(0, MOST_ITEMS);
    const taken = new Set(tasks);
    this.#waiting = this.#waiting.filter((task) => !taken.has(task));
    return tasks;
  }

  #dispatch(thread: Thread, tasks: readonly Task[]): void {
    const { worker, defined } = thread;
    const { range } = tasks[0] as Task;
    const source = this.#sources.get(range.pipeline);
    if (source === undefined) {
      this.#failAll(tasks, 'the model was unloaded');
      return;
    }
    thread.running = tasks;
    worker.ref();
    try {
      if (!defined.has(range.pipeline)) tell(worker, { kind: 'define', pipeline: range.pipeline, source });
      defined.add(range.pipeline);
      tell(worker, { kind: 'run', range, values: tasks.map(({ value }) => value) });
    } catch (error) {
      this.#free(thread);
      this.#failAll(tasks, reasonOf(error));
      return;
    }
    thread.limit = setTimeout(() => void worker.terminate(), TIME_LIMIT_MS);
    thread.limit.unref();
  }

  #onReply(thread: Thread, { outcomes, firstMs }: StepReply): void {
    const tasks = thread.running;
    this.#free(thread);
    for (const [index, task] of tasks.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined) task.settle(fromWire(outcome), firstMs / tasks.length);
    }
    this.#pump();
  }

  /** What a dead thread was running with others is tried again, each by itself: only one of them can be the cause (I5). */
  #onExit(thread: Thread, reason: string): void {
    this.#threads.delete(thread);
    const tasks = thread.running;
    this.#free(thread);
    if (tasks.length <= 1 || this.#closed) this.#failAll(tasks, `the thread that ran it ended: ${reason}`);
    else {
      for (const task of tasks) task.suspect = true;
      this.#waiting.unshift(...tasks);
    }
    this.#pump();
  }

  #free(thread: Thread): void {
    clearTimeout(thread.limit);
    thread.running = [];
    thread.worker.unref();
  }

  #failAll(tasks: readonly Task[], reason: string): void {
    const text = "The steps of the model's pipeline could not be run to their end.";
    for (const task of tasks) task.settle({ error: new MillraceError('STEP_FAILED', text, { cause: reason }) }, 0);
  }
}

function sameRange(a: StepRange, b: StepRange): boolean {
  return a.pipeline === b.pipeline && a.chain === b.chain && a.from === b.from && a.to === b.to;
}

function tell(worker: Worker, message: StepMessage): void {
  worker.postMessage(message);
}
