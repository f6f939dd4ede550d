import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TIMEOUT_MS = 10_000;

/**
 * Limits what a process may do to its machine, from now on: no core dump, which would hold the weights and the last
 * inputs; and so much memory beyond what it has already (RLIMIT_DATA: what it allocates, shared libraries and mapped
 * files aside). Not from its start on, because Node 24 reserves half a gigabyte for code in each of its threads.
 * Node cannot set limits by itself: `prlimit` of util-linux does. Source: setrlimit(2), prlimit(1), proc_pid_status(5).
 *
 * @param memoryBytes undefined to leave memory as it is
 * @returns why the memory limit does not hold, if it does not
 */
export function limitResources(pid: number, memoryBytes: number | undefined): string | undefined {
  const held = dataBytes(pid);
  const isLimited = memoryBytes !== undefined && held !== undefined;
  const data = isLimited ? [`--data=${held + memoryBytes}`] : [];
  const { status, error } = spawnSync('prlimit', ['--pid', String(pid), '--core=0', ...data], {
    stdio: 'ignore',
    timeout: TIMEOUT_MS,
  });
  if (memoryBytes === undefined || (isLimited && status === 0)) return undefined;
  const why = held === undefined ? 'this system has none' : (error?.message ?? `prlimit ended with code ${status}`);
  return `the memory limit of ${memoryBytes} bytes does not hold: ${why}`;
}

/** What counts against RLIMIT_DATA; undefined where there is no /proc. */
function dataBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmData:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
