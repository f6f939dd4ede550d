import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '#src/core/errors.js';
import { manualService } from '../support/manual-service.js';

const stopping = new MillraceError('SHUTTING_DOWN', 'The server was told to stop.');

function setUp() {
  const manual = manualService();
  manual.processor.concurrency = 1;
  /** Closes the service; `true` once that is done. */
  const close = () => {
    const status = { closed: false };
    void manual.service.close().then(() => (status.closed = true));
    return status;
  };
  return { ...manual, close };
}

describe('closing the job service', () => {
  it('makes it tell of each job that comes afterwards as refused, once', () => {
    const { events, processor, submit, submitGroup, close } = setUp();
    close();
    assert.throws(() => submit('late', { rows: 3 }), { code: 'SHUTTING_DOWN' });
    const rejected = { ...processor.ref, jobId: 'late', rows: 3, code: 'SHUTTING_DOWN' };
    assert.deepEqual(events.of('jobRejected'), [rejected]);
    assert.throws(() => submitGroup('list', 2), { code: 'SHUTTING_DOWN' });
    const ids = events.of('jobRejected').map(({ jobId }) => jobId);
    assert.deepEqual(ids, ['late', 'list.0', 'list.1']);
    assert.deepEqual(events.of('jobQueued'), []);
  });

  it('is done at once when nothing is in flight', async () => {
    const { clock, close } = setUp();
    const status = close();
    await clock.settle();
    assert.equal(status.closed, true);
  });

  it('is done when everything accepted has settled, also what was queued', async () => {
    const { clock, processor, submit, close } = setUp();
    const jobs = [submit('a'), submit('b')];
    const [first, second] = [close(), close()];
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([first.closed, second.closed], [false, false]);
    processor.call(1).succeed();
    await clock.settle();
    assert.deepEqual([first.closed, second.closed], [true, true]);
    assert.deepEqual(
      jobs.map(({ outcomes }) => outcomes[0]?.state),
      ['succeeded', 'succeeded'],
    );
  });

  it('takes nothing more', () => {
    const { submit, close, service } = setUp();
    submit('a');
    close();
    assert.throws(() => submit('b'), { code: 'SHUTTING_DOWN' });
    assert.equal(service.inFlight, 1);
  });
});

describe('destroying the job service', () => {
  it('fails what runs and what is queued with the reason, and takes nothing more', async () => {
    const { clock, service, processor, submit, close } = setUp();
    const jobs = [submit('a'), submit('b')];
    const status = close();
    service.destroy(stopping);
    for (const { outcomes } of jobs) assert.ok(outcomes[0]?.state === 'failed' && outcomes[0].error === stopping);
    assert.throws(() => submit('c'), { code: 'SHUTTING_DOWN' });
    processor.call(0).succeed();
    await clock.settle();
    assert.deepEqual([status.closed, processor.calls.length, clock.pendingTimers], [true, 1, 0]);
  });

  it('a second time changes nothing', async () => {
    const { clock, service, submit } = setUp();
    const { outcomes } = submit('a');
    service.destroy(stopping);
    service.destroy(new MillraceError('INTERNAL', 'another reason'));
    await clock.settle();
    assert.equal(outcomes.length, 1);
  });
});
