import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JobView } from '#src/jobs/job.js';
import { JobRegistry } from '#src/jobs/job-registry.js';
import { propertyRuns } from '../support/property-runs.js';
import { VirtualClock } from '../support/virtual-clock.js';

const view = (id: string): JobView => {
  const rest = { group: undefined, error: undefined, timings: undefined, createdAt: 0, finishedAt: undefined };
  return { id, state: 'succeeded', model: 'm', version: '1', ...rest };
};

const step = fc.oneof(
  fc.record({ kind: fc.constant('finish' as const), count: fc.integer({ min: 1, max: 700 }) }),
  fc.record({ kind: fc.constant('finishAgain' as const), choice: fc.nat(2000) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
);

describe('what is remembered of finished jobs', () => {
  it('is the latest 1,000 of the last 60 seconds, whenever they finish (I7)', () => {
    const property = fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const clock = new VirtualClock();
      const registry = new JobRegistry(clock);
      /** When each job finished, in the order in which they did. */
      const finished = new Map<string, number>();
      let ids = 0;
      const finish = (id: string) => {
        registry.add({ id, view: () => view(id) });
        registry.finish(view(id));
        finished.delete(id);
        finished.set(id, clock.now());
      };
      for (const each of steps) {
        if (each.kind === 'advance') clock.elapse(each.ms);
        else if (each.kind === 'finishAgain') finish(`job-${each.choice % (ids + 1)}`);
        else for (const end = ids + each.count; ids < end; ids += 1) finish(`job-${ids}`);
        const latest = [...finished].slice(-1000);
        const expected = latest.filter(([, at]) => clock.now() - at < 60_000).map(([id]) => id);
        const known = [...finished.keys()].filter((id) => registry.find(id) !== undefined);
        assert.deepEqual(known, expected);
      }
    });
    fc.assert(property, propertyRuns(60));
  });
});
