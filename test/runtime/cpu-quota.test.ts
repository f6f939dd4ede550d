import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { usableCpus } from '#src/runtime/cpu-quota.js';

const v2 = '/sys/fs/cgroup/cpu.max';
const v1Quota = '/sys/fs/cgroup/cpu/cpu.cfs_quota_us';
const v1Period = '/sys/fs/cgroup/cpu/cpu.cfs_period_us';
const machine = availableParallelism();

describe('usableCpus', () => {
  const cases: { name: string; files: Record<string, string>; cpus: number }[] = [
    { name: 'cgroup v2 with a quota', files: { [v2]: '100000 100000\n' }, cpus: 1 },
    { name: 'cgroup v2 with a fraction: rounds down', files: { [v2]: '199999 100000\n' }, cpus: 1 },
    { name: 'cgroup v2 with less than one: still one', files: { [v2]: '5000 100000\n' }, cpus: 1 },
    { name: 'cgroup v2 with another period', files: { [v2]: `${machine * 50_000} 50000\n` }, cpus: machine },
    { name: 'cgroup v2 without a limit', files: { [v2]: 'max 100000\n' }, cpus: machine },
    { name: 'cgroup v2 with more than the machine has', files: { [v2]: '99900000 100000\n' }, cpus: machine },
    { name: 'cgroup v1 with a quota', files: { [v1Quota]: '100000\n', [v1Period]: '100000\n' }, cpus: 1 },
    { name: 'cgroup v1 without a limit', files: { [v1Quota]: '-1\n', [v1Period]: '100000\n' }, cpus: machine },
    { name: 'no control groups', files: {}, cpus: machine },
    {
      name: 'files that hold something else',
      files: { [v2]: 'what?', [v1Quota]: '?', [v1Period]: '0' },
      cpus: machine,
    },
  ];
  for (const { name, files, cpus } of cases) {
    it(name, () => {
      assert.equal(
        usableCpus((path) => files[path] ?? ''),
        cpus,
      );
    });
  }

  it('reads the files of this machine, whatever they say', () => {
    const cpus = usableCpus();
    assert.ok(Number.isInteger(cpus) && cpus >= 1 && cpus <= machine, String(cpus));
  });
});
