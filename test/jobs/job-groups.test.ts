import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import type { JobView } from '#src/jobs/job.js';
import { manualService } from '../support/manual-service.js';

describe('a group of jobs', () => {
  it('is accepted whole or not at all', () => {
    const { service, processor, submitGroup } = manualService();
    processor.limits = { queueRows: 2, queueBytes: 1000 };
    assert.throws(() => submitGroup('g', 3), { code: 'TOO_MANY_ROWS' });
    assert.deepEqual([service.inFlight, processor.calls.length, service.find('g.0')], [0, 0, undefined]);
    submitGroup('g', 2);
    assert.throws(() => submitGroup('h', 1), { code: 'QUEUE_FULL' });
  });

  it('shows its jobs in order, each in its own state', async () => {
    const { clock, processor, submitGroup, states } = manualService();
    processor.concurrency = 1;
    submitGroup('g', 3);
    processor.call(0).fail(new MillraceError('EXECUTION_FAILED', 'refused'));
    await clock.settle();
    assert.deepEqual(states('g'), ['g.0 failed', 'g.1 running', 'g.2 queued']);
    assert.equal(states('g.1'), 'running');
  });

  it('lets an item fail alone that does not fit the model', async () => {
    const { processor, submitGroup, finishAll } = manualService();
    const outcomes = submitGroup('g', 3, [1]);
    await finishAll();
    assert.deepEqual(
      outcomes.map((each) => each.map((outcome) => outcome.state)),
      [['succeeded'], ['failed'], ['succeeded']],
    );
    const [failed] = outcomes[1] ?? [];
    assert.ok(failed?.state === 'failed');
    assert.equal(failed.error.message, 'item 1 does not fit');
    assert.equal(processor.calls.length, 2);
  });
});

describe('cancelling', () => {
  it('ends a job that is queued and one that runs, and says CANCELLED', () => {
    const { service, processor, submit, states } = manualService();
    processor.concurrency = 1;
    const jobs = [submit('a'), submit('b')];
    for (const id of ['a', 'b']) service.cancel(id);
    assert.deepEqual([states('a'), states('b')], ['cancelled', 'cancelled']);
    for (const { outcomes } of jobs)
      assert.ok(outcomes[0]?.state === 'cancelled' && outcomes[0].error.code === 'CANCELLED');
    assert.deepEqual((service.find('b') as JobView).error?.code, 'CANCELLED');
  });

  it('ends what is left of a group', async () => {
    const { clock, service, processor, submitGroup, states } = manualService();
    submitGroup('g', 3);
    processor.call(1).succeed();
    await clock.settle();
    service.cancel('g');
    assert.deepEqual(states('g'), ['g.0 cancelled', 'g.1 succeeded', 'g.2 cancelled']);
  });

  it('is refused for what has finished, and for what nobody knows', async () => {
    const { clock, service, submit, submitGroup, finishAll } = manualService();
    submit('a');
    submitGroup('g', 1);
    await finishAll();
    for (const id of ['a', 'g', 'g.0']) assert.throws(() => service.cancel(id), { code: 'JOB_FINISHED' });
    assert.throws(() => service.cancel('b'), { code: 'JOB_NOT_FOUND' });
    await clock.advance(60_000);
    for (const id of ['a', 'g', 'g.0']) assert.throws(() => service.cancel(id), { code: 'JOB_NOT_FOUND' });
  });

  it('reaches no later job that goes by the id of one of the items', async () => {
    const { service, submit, submitGroup, finishAll, states } = manualService();
    submitGroup('g', 1);
    await finishAll();
    submit('g.0');
    assert.throws(() => service.cancel('g'), MillraceError);
    assert.equal(states('g.0'), 'running');
  });
});
