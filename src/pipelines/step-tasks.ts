import type { StepOutcome } from './run-steps.js';
import type { Value } from './step.js';
import type { StepMessage, StepRange } from './step-protocol.js';

/** Items that go to a thread together, where they wait for the same steps: a message costs about as much as a small step. */
const MOST_ITEMS = 16;

/** Something for a thread to do, alone or together with others of the same range. */
export interface StepTask {
  /** Undefined for what is not about an item. */
  readonly range: StepRange | undefined;
  readonly message: (together: readonly StepTask[]) => StepMessage;
  readonly value: Value | undefined;
  /** Its thread died while it was there; it may be the cause, and goes alone. */
  suspect: boolean;
  isSettled: boolean;
  settle(outcome: StepOutcome, firstMs: number): void;
}

/** Tasks that wait for a thread, in the order of their arrival. */
export class WaitingTasks {
  #tasks: StepTask[] = [];

  get size(): number {
    return this.#tasks.length;
  }

  add(task: StepTask): void {
    this.#tasks.push(task);
  }

  /** Takes out a task that waits no more; nothing happens if it is not here. */
  remove(task: StepTask): void {
    this.#tasks = this.#tasks.filter((each) => each !== task);
  }

  /** Puts tasks whose thread died back to the front, each as a suspect from now on. */
  putBack(tasks: readonly StepTask[]): void {
    for (const task of tasks) task.suspect = true;
    this.#tasks.unshift(...tasks);
  }

  /** Takes the task that waits longest, with those that wait for the same; a suspect goes alone. */
  take(): StepTask[] {
    const first = this.#tasks[0] as StepTask;
    const isAlike = ({ range, suspect }: StepTask) => !suspect && sameRange(range, first.range);
    const alike = first.suspect ? [first] : this.#tasks.filter(isAlike).slice(0, MOST_ITEMS);
    const taken = new Set(alike.length === 0 ? [first] : alike);
    this.#tasks = this.#tasks.filter((task) => !taken.has(task));
    return [...taken];
  }

  /** Takes everything. */
  drain(): StepTask[] {
    return this.#tasks.splice(0);
  }
}

function sameRange(a: StepRange | undefined, b: StepRange | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.pipeline === b.pipeline && a.chain === b.chain && a.from === b.from && a.to === b.to;
}
