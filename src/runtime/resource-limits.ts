import { spawnSync } from 'node:child_process';

const PROBE_BYTES = 1024 ** 3;
const PROBE_TIMEOUT_MS = 10_000;

/** A command, and what the operator should know of it. */
export interface LimitedCommand {
  readonly command: readonly [string, ...string[]];
  readonly notice: string | undefined;
}

let works: boolean | undefined;

/**
 * Whether `prlimit` (util-linux) is there and may set limits: found out by having it print the one it set. Asked once
 * for the whole process, whose system does not change.
 */
export function canLimitResources(): boolean {
  if (works === undefined) {
    const inner = ['prlimit', '--data', '--noheadings', '--raw', '--output', 'SOFT'];
    const { stdout } = spawnSync('prlimit', [`--data=${PROBE_BYTES}`, ...inner], {
      encoding: 'utf8',
      timeout: PROBE_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    works = typeof stdout === 'string' && stdout.trim() === String(PROBE_BYTES);
  }
  return works;
}

/**
 * Has a command run under a limit of the memory that it may ask for (RLIMIT_DATA: what it allocates, shared libraries
 * and mapped files aside), and without a core dump, which would hold the weights and the last inputs. Both hold from
 * its first instruction on. Source: setrlimit(2), prlimit(1).
 *
 * @param canLimit what `canLimitResources` says of this system
 */
export function limitedCommand(
  command: readonly [string, ...string[]],
  memoryBytes: number | undefined,
  canLimit: boolean,
): LimitedCommand {
  if (canLimit) {
    const data = memoryBytes === undefined ? [] : [`--data=${memoryBytes}`];
    return { command: ['prlimit', '--core=0', ...data, ...command], notice: undefined };
  }
  const notice = `the memory limit of ${memoryBytes} bytes does not hold: prlimit, which sets it, does not work on this system`;
  return { command, notice: memoryBytes === undefined ? undefined : notice };
}
