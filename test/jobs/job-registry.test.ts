import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobState, JobView } from '#src/jobs/job.js';
import { FINISHED_TTL_MS, JobRegistry, MAX_FINISHED } from '#src/jobs/job-registry.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Jobs called `group.index` belong to that group. */
function viewOf(id: string, state: JobState): JobView {
  const group = id.includes('.') ? id.slice(0, id.indexOf('.')) : undefined;
  const rest = { group, error: undefined, timings: undefined, createdAt: 0, finishedAt: undefined };
  return { id, state, model: 'm', version: '1', ...rest };
}

function setUp() {
  const clock = new VirtualClock();
  const registry = new JobRegistry(clock);
  const add = (...ids: string[]) => {
    for (const id of ids) registry.add({ id, view: () => viewOf(id, 'running') });
  };
  const finish = (...ids: string[]) => {
    for (const id of ids) registry.finish(viewOf(id, 'succeeded'));
  };
  const state = (id: string) => {
    const found = registry.find(id);
    return Array.isArray(found) ? found.map((view) => `${view.id} ${view.state}`).join(', ') : found?.state;
  };
  return { clock, registry, add, finish, state };
}

describe('jobs by id', () => {
  it('are known while they are in flight and after they finished', () => {
    const { registry, add, finish, state } = setUp();
    add('a', 'b');
    assert.deepEqual([registry.liveJobs.length, state('a'), state('c')], [2, 'running', undefined]);
    assert.deepEqual([registry.isInFlight('a'), registry.isInFlight('c')], [true, false]);
    finish('a');
    assert.deepEqual([registry.liveJobs.length, state('a'), state('b')], [1, 'succeeded', 'running']);
    assert.deepEqual([registry.isInFlight('a'), registry.live('a')], [false, []]);
    assert.deepEqual(
      registry.liveJobs.map(({ id }) => id),
      ['b'],
    );
  });

  it('are remembered for 60 seconds', () => {
    const { clock, add, finish, state } = setUp();
    assert.equal(FINISHED_TTL_MS, 60_000);
    add('a');
    finish('a');
    clock.elapse(59_999);
    assert.equal(state('a'), 'succeeded');
    clock.elapse(1);
    assert.equal(state('a'), undefined);
  });

  it('are remembered up to 1,000, the latest', () => {
    const { add, finish, state } = setUp();
    assert.equal(MAX_FINISHED, 1000);
    for (let index = 0; index < 1002; index += 1) {
      add(`job-${index}`);
      finish(`job-${index}`);
    }
    assert.deepEqual(
      [0, 1, 2, 1001].map((index) => state(`job-${index}`)),
      [undefined, undefined, 'succeeded', 'succeeded'],
    );
  });

  it('in flight are known however many finish and however long it takes', () => {
    const { clock, add, finish, state } = setUp();
    add('slow');
    for (let index = 0; index < 1100; index += 1) finish(`job-${index}`);
    clock.elapse(100_000);
    finish('last');
    assert.equal(state('slow'), 'running');
  });

  it('show the later job where an id is used again', () => {
    const { clock, add, finish, state } = setUp();
    add('a');
    finish('a');
    clock.elapse(50_000);
    add('a');
    assert.equal(state('a'), 'running');
    finish('a');
    clock.elapse(59_999);
    assert.equal(state('a'), 'succeeded');
  });
});

describe('groups of jobs', () => {
  it('are in flight while one of their jobs is, and show them in order', () => {
    const { registry, add, finish, state } = setUp();
    registry.addGroup('g', ['g.0', 'g.1']);
    add('g.0', 'g.1');
    finish('g.1');
    assert.deepEqual([registry.isInFlight('g'), state('g')], [true, 'g.0 running, g.1 succeeded']);
    assert.deepEqual(
      registry.live('g').map(({ id }) => id),
      ['g.0'],
    );
    finish('g.0');
    assert.deepEqual([registry.isInFlight('g'), state('g')], [false, 'g.0 succeeded, g.1 succeeded']);
    assert.deepEqual(registry.live('g'), []);
  });

  it('keep the ids of their items until the last of them has finished', () => {
    const { registry, add, finish } = setUp();
    registry.addGroup('g', ['g.0', 'g.1']);
    add('g.0', 'g.1');
    finish('g.0');
    assert.equal(registry.isInFlight('g.0'), true);
    finish('g.1');
    assert.deepEqual([registry.isInFlight('g.0'), registry.isInFlight('g.1')], [false, false]);
  });

  it('are remembered up to 1,000 that have finished, however many are in flight', () => {
    const { registry, add, finish, state } = setUp();
    for (let index = 0; index < 2004; index += 1) {
      registry.addGroup(`g${index}`, [`g${index}.0`]);
      add(`g${index}.0`);
    }
    for (let index = 0; index < 1002; index += 1) finish(`g${index}.0`);
    assert.deepEqual(
      [0, 1, 2, 1001].map((index) => state(`g${index}`) !== undefined),
      [false, false, true, true],
    );
  });

  it('are forgotten after 60 seconds', () => {
    const { clock, registry, add, finish, state } = setUp();
    registry.addGroup('g', ['g.0']);
    add('g.0');
    finish('g.0');
    clock.elapse(59_999);
    assert.equal(state('g'), 'g.0 succeeded');
    clock.elapse(1);
    assert.equal(state('g'), undefined);
  });

  it("do not take a later job of an item's id for their own", () => {
    const { registry, add, finish } = setUp();
    registry.addGroup('g', ['g.0']);
    add('g.0');
    finish('g.0');
    registry.add({ id: 'g.0', view: () => ({ ...viewOf('g.0', 'running'), group: undefined }) });
    assert.equal(registry.find('g'), undefined);
  });
});
