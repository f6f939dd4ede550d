import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/* Processes by their ids, as /proc tells; Linux only. */

/** Whether processes can be limited here. */
export function hasPrlimit(): boolean {
  return spawnSync('prlimit', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** The processes that one has started and that have not been collected. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** The processes of instances that a server has started. */
export function instanceProcesses(serverPid: number): number[] {
  return childrenOf(serverPid).filter((pid) => textOf(pid, 'cmdline')?.includes('process-main'));
}

/** The environment that a process was started with. */
export function environmentOf(pid: number): string[] {
  return textOf(pid, 'environ')?.split('\0') ?? [];
}

/** Whether a process is there and has not ended; one that waits to be collected has. */
export function isRunning(pid: number): boolean {
  return (statOf(pid)?.[0] ?? 'Z') !== 'Z';
}

function parentOf(pid: number): number | undefined {
  const [, parent] = statOf(pid) ?? [];
  return parent === undefined ? undefined : Number(parent);
}

/** State, parent and so on: what stands behind the name of the program. Source: proc_pid_stat(5). */
function statOf(pid: number): string[] | undefined {
  const text = textOf(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function textOf(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
