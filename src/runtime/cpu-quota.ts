import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The processors that this process may use, as a whole number from 1: the scheduler's affinity, and the CPU quota
 * of its control group, which `os.availableParallelism()` does not see on every supported version of Node.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst (cpu.max) and cgroup-v1/cpu (cpu.cfs_quota_us).
 */
export function usableCpus(readFile: (path: string) => string = readText): number {
  const quota = quotaV2(readFile) ?? quotaV1(readFile) ?? Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(Math.min(availableParallelism(), quota)));
}

/** `cpu.max` holds "quota period" in microseconds, or "max period" without a limit. */
function quotaV2(readFile: (path: string) => string): number | undefined {
  const [quota, period] = readFile('/sys/fs/cgroup/cpu.max').trim().split(/\s+/).map(Number);
  return ratio(quota, period);
}

function quotaV1(readFile: (path: string) => string): number | undefined {
  return ratio(
    Number(readFile('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')),
    Number(readFile('/sys/fs/cgroup/cpu/cpu.cfs_period_us')),
  );
}

function ratio(quota: number | undefined, period: number | undefined): number | undefined {
  if (quota === undefined || period === undefined) return undefined;
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** Empty where the file is not there: another system, or another version of control groups. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
