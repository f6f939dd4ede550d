import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobState, JobView } from '#src/jobs/job.js';
import { FINISHED_TTL_MS, JobRegistry, MAX_FINISHED } from '#src/jobs/job-registry.js';
import { VirtualClock } from '../support/virtual-clock.js';

function viewOf(id: string, state: JobState): JobView {
  const rest = { error: undefined, timings: undefined, createdAt: 0, finishedAt: undefined };
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
  const state = (id: string) => registry.view(id)?.state;
  return { clock, registry, add, finish, state };
}

describe('jobs by id', () => {
  it('are known while they are in flight and after they finished', () => {
    const { registry, add, finish, state } = setUp();
    add('a', 'b');
    assert.deepEqual([registry.size, state('a'), state('c')], [2, 'running', undefined]);
    assert.deepEqual([registry.isInFlight('a'), registry.isInFlight('c')], [true, false]);
    finish('a');
    assert.deepEqual([registry.size, state('a'), state('b')], [1, 'succeeded', 'running']);
    assert.deepEqual([registry.isInFlight('a'), registry.live('a')], [false, undefined]);
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
  it('are in flight while one of their jobs is', () => {
    const { registry, add, finish } = setUp();
    registry.addGroup({ id: 'g', jobIds: ['g.0', 'g.1'] });
    add('g.0', 'g.1');
    finish('g.1');
    assert.equal(registry.isInFlight('g'), true);
    finish('g.0');
    assert.equal(registry.isInFlight('g'), false);
    assert.deepEqual(registry.group('g')?.jobIds, ['g.0', 'g.1']);
  });

  it('are remembered up to 1,000 that have finished', () => {
    const { registry } = setUp();
    for (let index = 0; index < 1002; index += 1) {
      registry.addGroup({ id: `g${index}`, jobIds: [`g${index}.0`] });
      registry.finishGroup(`g${index}`);
    }
    assert.deepEqual(
      [0, 1, 2, 1001].map((index) => registry.group(`g${index}`) !== undefined),
      [false, false, true, true],
    );
  });

  it('are forgotten after 60 seconds, when the next one finishes', () => {
    const { clock, registry } = setUp();
    registry.addGroup({ id: 'old', jobIds: [] });
    registry.finishGroup('old');
    clock.elapse(60_000);
    registry.addGroup({ id: 'new', jobIds: [] });
    registry.finishGroup('new');
    assert.deepEqual([registry.group('old'), registry.group('new')?.id], [undefined, 'new']);
  });

  it('that have finished are remembered however many are in flight', () => {
    const { registry } = setUp();
    for (let index = 0; index < 1001; index += 1) registry.addGroup({ id: `g${index}`, jobIds: [`g${index}.0`] });
    registry.finishGroup('g0');
    assert.equal(registry.group('g0')?.id, 'g0');
  });
});
