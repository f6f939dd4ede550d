import { describe, it } from 'node:test';
import fc from 'fast-check';
import { propertyRuns } from '../support/property-runs.js';
import { programs } from './serving-program.js';
import { ServingWorld } from './serving-world.js';

describe('jobs, queues and batchers together', () => {
  it('keep the invariants I1 to I5 and I7 through any program of arrivals, ends, failures and crashes', async () => {
    const property = fc.asyncProperty(programs, (program) => new ServingWorld(program).play(program));
    await fc.assert(property, propertyRuns(300));
  });
});
