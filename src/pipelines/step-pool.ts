import { Worker } from 'node:worker_threads';
import { type AbortSource, abortReason } from '../core/abort.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { StepOutcome } from './run-steps.js';
import type { Value } from './step.js';
import {
  fromWire,
  type OwnStepTypes,
  type PipelineSource,
  type StepMessage,
  type StepRange,
  type StepReply,
} from './step-protocol.js';
import { type StepTask, WaitingTasks } from './step-tasks.js';
import { withOwnMemory } from './value-memory.js';

/** A thread that is not done with its items by then is ended: an own step has run away. */
const TIME_LIMIT_MS = 30_000;
/** So long may a thread go on with items that nobody waits for any more. */
const UNWANTED_LIMIT_MS = 1_000;
/** JavaScript objects of one thread. */
const MAX_HEAP_MB = 512;

const threadEntry = new URL('./step-thread.js', import.meta.url);

interface Thread {
  readonly worker: Worker;
  /** Pipelines that it was told of. */
  readonly defined: Set<number>;
  running: readonly StepTask[];
  limit: NodeJS.Timeout | undefined;
}

/**
 * A few threads for steps that would hold up the main thread. They are started when there is something for them to do.
 * What waits for the same steps goes to a thread together; whoever leaves is let go at once.
 */
export class StepPool {
  readonly #size: number;
  readonly #entry: URL;
  readonly #sources = new Map<number, PipelineSource>();
  readonly #threads = new Set<Thread>();
  readonly #waiting = new WaitingTasks();
  #nextPipeline = 1;
  #closed = false;

  /** @param entry the module that the threads run; another one than `step-thread` only in tests */
  constructor(size: number, entry: URL = threadEntry) {
    this.#size = size;
    this.#entry = entry;
  }

  /** What a scrape is told: items that wait for a thread, and threads that are busy. */
  get load(): { readonly waiting: number; readonly busy: number } {
    const busy = [...this.#threads].filter(({ running }) => running.length > 0).length;
    return { waiting: this.#waiting.size, busy };
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
    for (const { worker, defined } of this.#threads) {
      if (defined.delete(pipeline)) tell(worker, { kind: 'forget', pipeline });
    }
  }

  /**
   * Has an own step loaded in a thread, never in this one.
   *
   * @throws Error with a reason for the operator if it cannot be used
   */
  async describe(file: string, url: string): Promise<OwnStepTypes> {
    const message = (): StepMessage => ({ kind: 'describe', file, url });
    const { outcome } = await this.#submit({ range: undefined, message, value: undefined });
    if ('error' in outcome) throw new Error(reasonOf(outcome.error.cause ?? outcome.error));
    return outcome.result as unknown as OwnStepTypes;
  }

  /**
   * Runs steps on one item in a thread. The value is copied on its way there.
   *
   * @param signal when it aborts, the item is given up at once, wherever it is
   * @returns what came of it, and its share of what the first step took, in milliseconds. Never rejects.
   */
  async run(range: StepRange, value: Value, signal: AbortSource): Promise<{ outcome: StepOutcome; firstMs: number }> {
    const message = (together: readonly StepTask[]): StepMessage => {
      return { kind: 'run', range, values: withOwnMemory(together.map((task) => task.value as Value)) };
    };
    return this.#submit({ range, message, value }, signal);
  }

  /** Ends all threads; what they run or would run fails. Idempotent. */
  close(): void {
    this.#closed = true;
    const running = [...this.#threads].flatMap((thread) => thread.running);
    for (const thread of this.#threads) this.#end(thread);
    this.#failAll([...running, ...this.#waiting.drain()], unavailable());
  }

  #submit(
    work: Pick<StepTask, 'range' | 'message' | 'value'>,
    signal?: AbortSource,
  ): Promise<{ outcome: StepOutcome; firstMs: number }> {
    return new Promise((resolve) => {
      const onAbort = () => this.#giveUp(task, abortReason(signal as AbortSource));
      const task: StepTask = {
        ...work,
        suspect: false,
        isSettled: false,
        settle: (outcome, firstMs) => {
          if (task.isSettled) return;
          task.isSettled = true;
          signal?.removeEventListener('abort', onAbort);
          resolve({ outcome, firstMs });
        },
      };
      if (this.#closed) task.settle({ error: unavailable() }, 0);
      else if (signal?.aborted) task.settle({ error: abortReason(signal) }, 0);
      if (task.isSettled) return;
      signal?.addEventListener('abort', onAbort);
      this.#waiting.add(task);
      this.#pump();
    });
  }

  /** Nobody waits for the item: it goes at once, and its thread too if all that it runs is unwanted and takes long. */
  #giveUp(task: StepTask, error: MillraceError): void {
    task.settle({ error }, 0);
    this.#waiting.remove(task);
    const thread = [...this.#threads].find(({ running }) => running.includes(task));
    if (thread?.running.every(({ isSettled }) => isSettled)) this.#limit(thread, UNWANTED_LIMIT_MS);
  }

  #pump(): void {
    while (this.#waiting.size > 0) {
      const thread = [...this.#threads].find(({ running }) => running.length === 0) ?? this.#start();
      if (thread === undefined) return;
      this.#dispatch(thread, this.#waiting.take());
    }
  }

  #start(): Thread | undefined {
    if (this.#closed || this.#threads.size >= this.#size) return undefined;
    const worker = new Worker(this.#entry, { name: 'steps', resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
    const thread: Thread = { worker, defined: new Set(), running: [], limit: undefined };
    // An idle thread keeps no process alive.
    worker.unref();
    let reason = 'it ended by itself, or took too long';
    worker.on('error', (error) => {
      reason = reasonOf(error);
    });
    worker.on('messageerror', () => this.#end(thread));
    worker.on('exit', () => this.#onExit(thread, reason));
    worker.on('message', (reply: StepReply) => this.#onReply(thread, reply));
    this.#threads.add(thread);
    return thread;
  }

  #dispatch(thread: Thread, tasks: readonly StepTask[]): void {
    const { worker, defined } = thread;
    const { range, message } = tasks[0] as StepTask;
    try {
      if (range !== undefined && !defined.has(range.pipeline)) {
        const source = this.#sources.get(range.pipeline);
        if (source === undefined) throw unavailable();
        tell(worker, { kind: 'define', pipeline: range.pipeline, source });
        defined.add(range.pipeline);
      }
      tell(worker, message(tasks));
    } catch (error) {
      this.#failAll(tasks, error instanceof MillraceError ? error : failed(reasonOf(error)));
      return;
    }
    thread.running = tasks;
    worker.ref();
    this.#limit(thread, TIME_LIMIT_MS);
  }

  #limit(thread: Thread, ms: number): void {
    clearTimeout(thread.limit);
    thread.limit = setTimeout(() => this.#end(thread), ms);
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

  /** Nothing more is given to a thread that is ending: it would be lost. */
  #end(thread: Thread): void {
    this.#threads.delete(thread);
    void thread.worker.terminate();
  }

  /**
   * What a dead thread was running is tried again, each item by itself: only one of them can be the cause (I5), or none,
   * if something was left over from an earlier one.
   */
  #onExit(thread: Thread, reason: string): void {
    this.#threads.delete(thread);
    const tasks = thread.running.filter(({ isSettled }) => !isSettled);
    this.#free(thread);
    const guilty = tasks.filter(({ suspect }) => suspect);
    this.#failAll(guilty, failed(`the thread that ran it ended: ${reason}`));
    const others = tasks.filter(({ suspect }) => !suspect);
    this.#waiting.putBack(others);
    this.#pump();
  }

  #free(thread: Thread): void {
    clearTimeout(thread.limit);
    thread.running = [];
    thread.worker.unref();
  }

  #failAll(tasks: readonly StepTask[], error: MillraceError): void {
    for (const task of tasks) task.settle({ error }, 0);
  }
}

function failed(cause: string): MillraceError {
  return new MillraceError('STEP_FAILED', "The steps of the model's pipeline could not be run to their end.", {
    cause,
  });
}

function unavailable(): MillraceError {
  return new MillraceError('MODEL_UNAVAILABLE', 'The model was taken out of service.');
}

function tell(worker: Worker, message: StepMessage): void {
  worker.postMessage(message);
}
