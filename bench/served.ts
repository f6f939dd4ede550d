import { setTimeout as pause } from 'node:timers/promises';
import { type Child, within } from './processes.js';
import type { FormName } from './request-form.js';

/** A server that runs, in a process of its own or several. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  /** What `work` gives; rejects at once, with the server's output, if the server ends before. */
  during<T>(work: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** What a server has run so far. */
export interface BatchCounts {
  readonly rows: number;
  readonly batches: number;
}

/** One of those that are compared. */
export interface Subject<Name extends string = string> extends Served {
  readonly name: Name;
  /** Where its requests go; from here on as `form` has them. */
  readonly path: string;
  readonly form: FormName;
  /** What it answers to every body, if it is one that runs no model. */
  readonly constant?: unknown;
  /** Whether it runs its model, each request alone, or in batches that it counts. */
  readonly runs: 'nothing' | 'singly' | (() => Promise<BatchCounts>);
  /** Of all its processes; null where this system does not tell. */
  memoryBytes(): number | null;
}

const START_LIMIT_MS = 60_000;
const POLL_MS = 10;

/**
 * Waits until a process serves.
 *
 * @param ready looks whether it does; gives its URL, or undefined to be asked again
 * @throws Error with the process's output if it does not; the process is then stopped
 */
export async function served(
  name: string,
  child: Child,
  ready: () => Promise<string | undefined> | string | undefined,
): Promise<Served> {
  try {
    const url = await within(START_LIMIT_MS, untilReady(name, child, ready), `${name} can answer`);
    const death = child.ended.then((): never => {
      throw new Error(`${name} ended under load:\n${outputOf(child)}`);
    });
    // It comes to an end in any case, and most often nobody minds.
    death.catch(() => undefined);
    return { url, pid: child.pid, during: (work) => Promise.race([work, death]), stop: child.stop };
  } catch (error) {
    await child.stop();
    throw new Error(`${(error as Error).message}\n${outputOf(child)}`, { cause: error });
  }
}

async function untilReady(name: string, child: Child, ready: Parameters<typeof served>[2]): Promise<string> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  void child.ended.then(end, end);
  for (;;) {
    if (ended) throw new Error(`${name} ended instead of serving`);
    const url = await ready();
    if (url !== undefined) return url;
    await pause(POLL_MS);
  }
}

function outputOf(child: Child): string {
  return `${child.stdout()}${child.stderr()}`;
}
