import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process that was started here, with what it has written so far. */
export interface Child {
  readonly pid: number;
  /** Settles when it has ended, however that came; rejects if it could not be started. */
  readonly ended: Promise<void>;
  /** Null as long as it runs, and after a signal. */
  readonly exitCode: () => number | null;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Ends it the hard way, if it still runs, and waits for that. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();

/** Ends every process that was started here. At once, so that it can be called while this process exits. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts a process. No setting of millrace's own reaches it: what is measured is the default configuration. */
export function startProcess(command: string, args: readonly string[], { cwd, env }: ProcessOptions): Child {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'));
  const child = spawn(command, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  const ended = once(child, 'close')
    .then(() => undefined)
    .finally(() => running.delete(child));
  // Who needs to know waits for it; nobody may be waiting yet.
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ended,
    exitCode: () => child.exitCode,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Runs a process to its end and gives what it wrote to its standard output.
 *
 * @throws Error with its output if it fails, or takes longer than `limitMs`
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  { limitMs, ...options }: ProcessOptions & { readonly limitMs: number },
): Promise<string> {
  const child = startProcess(command, args, options);
  try {
    await within(limitMs, child.ended, `the end of ${command}`);
  } finally {
    await child.stop().catch(() => undefined);
  }
  if (child.exitCode() === 0) return child.stdout();
  throw new Error(`${command} failed (exit code ${child.exitCode()}):\n${child.stdout()}${child.stderr()}`);
}

/** Waits for `work`, but no longer than `ms`. */
export async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  const timer = new AbortController();
  const late = pause(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`not within ${ms / 1e3} s: ${what}`);
  });
  // It rejects when the timer is given up, too.
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Of a tick of /proc's clock: Linux's USER_HZ, which is 100 on every architecture that Node runs on. */
const TICK_MS = 10;

/**
 * Milliseconds of processor time that a process has used, all its threads together, or one thread: `PID/task/TID`.
 *
 * @throws Error where there is no /proc
 */
export function processorMs(pid: number | string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which stands in parentheses and may hold anything: state is field 3, utime 14, stime 15 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Bytes of memory that a process holds; null where this system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // No such folder outside Linux.
  }
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number.parseInt(stdout ?? '', 10) * 1024 || null;
}
