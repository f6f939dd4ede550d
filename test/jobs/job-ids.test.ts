import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manualService } from '../support/manual-service.js';

describe('the id of a job', () => {
  it('is refused while a job of that id is in flight, and taken again afterwards', async () => {
    const { submit, finishAll, states, processor } = manualService();
    submit('a');
    assert.throws(() => submit('a'), {
      code: 'JOB_ID_IN_USE',
      details: { path: 'id', expected: 'a new id', got: 'a' },
    });
    assert.equal(processor.calls.length, 1);
    await finishAll();
    submit('a');
    assert.equal(states('a'), 'running');
  });

  it('is refused for a group, a single job or an item, whichever of them has it', () => {
    const { submit, submitGroup, service, processor } = manualService();
    submit('a');
    submit('b.1');
    submitGroup('c', 2);
    const inUse = (got: string) => ({ code: 'JOB_ID_IN_USE', details: { path: 'id', expected: 'a new id', got } });
    assert.throws(() => submitGroup('a', 2), inUse('a'));
    assert.throws(() => submitGroup('b', 2), inUse('b.1'));
    assert.throws(() => submit('c'), inUse('c'));
    assert.throws(() => submit('c.1'), inUse('c.1'));
    assert.throws(() => submitGroup('c', 2), inUse('c.0'));
    assert.deepEqual([service.find('b.0'), service.find('b'), processor.calls.length], [undefined, undefined, 4]);
  });

  it('is free again when the job has settled, even if the model is not done with it', async () => {
    const { clock, service, processor, submit, states } = manualService();
    const { outcomes: first } = submit('a');
    service.cancel('a');
    const { outcomes: second } = submit('a');
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([first.length, second.length, states('a')], [1, 0, 'running']);
    processor.call(1).succeed();
    await clock.settle();
    assert.deepEqual([first.length, second.length, states('a')], [1, 1, 'succeeded']);
  });

  it('that a group had means the later job that has it now', async () => {
    const { service, submit, submitGroup, finishAll, states } = manualService();
    submitGroup('a', 2);
    await finishAll();
    const { outcomes } = submit('a');
    assert.equal(states('a'), 'running');
    service.cancel('a');
    assert.equal(outcomes[0]?.state, 'cancelled');
  });

  it('that a job had means the later group that has it now', async () => {
    const { submit, submitGroup, finishAll, states } = manualService();
    submit('a');
    await finishAll();
    submitGroup('a', 1);
    assert.deepEqual(states('a'), ['a.0 running']);
  });

  it('of a finished job is known for 60 seconds', async () => {
    const { clock, submit, submitGroup, finishAll, states } = manualService();
    submit('a');
    submitGroup('g', 2);
    await finishAll();
    await clock.advance(59_999);
    assert.deepEqual([states('a'), states('g')], ['succeeded', ['g.0 succeeded', 'g.1 succeeded']]);
    await clock.advance(1);
    assert.deepEqual([states('a'), states('g')], [undefined, undefined]);
  });
});
