import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, type ProcessOptions, residentBytes, startProcess } from './processes.js';

/**
 * A process with all that came of it. They are known by a variable of the environment, which is handed down: also to
 * those that make themselves sessions of their own, or outlive who started them. Linux only.
 */
export interface Family extends Child {
  /** Bytes of memory that all of them hold; what they share counts once. */
  memoryBytes(): number | null;
  /** Asks the first one to end, and ends what is left of the others after a while. */
  stop(): Promise<void>;
}

const MARK = 'BENCH_FAMILY';
const STOP_LIMIT_MS = 8_000;
/** The last ones may end a little after the first. */
const REST_LIMIT_MS = 1_000;
const POLL_MS = 20;

const marks = new Set<string>();

/** Ends everybody at once, so that it can be called while this process exits. */
export function killFamilies(): void {
  for (const mark of marks) killMembers(mark);
}

/** @param onLeftOver hears of how many processes had to be ended the hard way */
export function startFamily(
  command: string,
  args: readonly string[],
  { onLeftOver, env, ...options }: ProcessOptions & { readonly onLeftOver: (count: number) => void },
): Family {
  const mark = randomUUID();
  marks.add(mark);
  const child = startProcess(command, args, { ...options, env: { ...env, [MARK]: mark } });
  const all = () => members(mark);
  return {
    ...child,
    memoryBytes: () => sharedOut(all()),
    stop: async () => {
      if (all().includes(child.pid)) send(child.pid, 'SIGTERM');
      await until(() => !all().includes(child.pid), STOP_LIMIT_MS);
      if (!(await until(() => all().length === 0, REST_LIMIT_MS))) {
        onLeftOver(killMembers(mark));
        // They may start others while they are ended.
        while (!(await until(() => all().length === 0, REST_LIMIT_MS))) killMembers(mark);
      }
      await child.ended.catch(() => undefined);
      marks.delete(mark);
    },
  };
}

/** Waits until something is so, but no longer than `ms`; gives whether it is. */
async function until(isSo: () => boolean, ms: number): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < ms; ) {
    if (isSo()) return true;
    await pause(POLL_MS);
  }
  return false;
}

/** Ids of the processes with a mark; those that have ended and wait for their parent have no environment any more. */
function members(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => textOf(`/proc/${pid}/environ`)?.includes(`${MARK}=${mark}\0`))
    .map(Number);
}

function killMembers(mark: string): number {
  const pids = members(mark);
  for (const pid of pids) send(pid, 'SIGKILL');
  return pids.length;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Of one process, what it holds; of several, each page divided by how many hold it (proc(5), smaps_rollup). */
function sharedOut(pids: readonly number[]): number | null {
  const [first, ...others] = pids;
  if (first === undefined) return null;
  if (others.length === 0) return residentBytes(first);
  const kibibytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]),
  );
  const sum = kibibytes.reduce((sum, each) => sum + each, 0);
  return Number.isNaN(sum) ? null : sum * 1024;
}

/** Undefined if there is no such file, or not for us. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
