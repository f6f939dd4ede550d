import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobView } from '#src/jobs/job.js';
import { recordedJob } from '../support/job-requests.js';
import { manualService } from '../support/manual-service.js';

const stateOf = (found: JobView | JobView[] | undefined) => (Array.isArray(found) ? 'a group' : found?.state);

describe('the jobs of tenants', () => {
  it('are known to their tenant alone, in flight and afterwards', async () => {
    const { service, submit, finishAll } = manualService();
    submit('a', { tenant: 'one' });
    const known = () => ['one', 'two', undefined].map((tenant) => stateOf(service.find('a', tenant)));
    assert.deepEqual(known(), ['running', undefined, undefined]);
    await finishAll();
    assert.deepEqual(known(), ['succeeded', undefined, undefined]);
  });

  it('are cancelled by nobody else', () => {
    const { service, submit } = manualService();
    const { outcomes } = submit('a', { tenant: 'one' });
    for (const tenant of ['two', undefined])
      assert.throws(() => service.cancel('a', tenant), { code: 'JOB_NOT_FOUND' });
    assert.equal(outcomes.length, 0);
    service.cancel('a', 'one');
    assert.equal(outcomes[0]?.state, 'cancelled');
  });

  it('may have the ids that another tenant’s have, and stay apart', async () => {
    const { service, processor, submit, finishAll } = manualService();
    processor.concurrency = 1;
    submit('first');
    const [one, two] = [submit('a', { tenant: 'one' }), submit('a', { tenant: 'two' })];
    assert.throws(() => submit('a', { tenant: 'one' }), { code: 'JOB_ID_IN_USE' });
    service.cancel('a', 'one');
    assert.deepEqual([one.outcomes[0]?.state, two.outcomes.length], ['cancelled', 0]);
    assert.deepEqual([stateOf(service.find('a', 'one')), stateOf(service.find('a', 'two'))], ['cancelled', 'queued']);
    await finishAll();
    await finishAll();
    assert.deepEqual([one.outcomes.length, two.outcomes[0]?.state, service.inFlight], [1, 'succeeded', 0]);
  });

  it('are groups of their tenant too', () => {
    const { service, processor } = manualService();
    for (const tenant of ['one', 'two']) {
      const { request } = recordedJob({ id: 'g.0', tenant });
      service.submit(processor, [request], 'g');
    }
    service.cancel('g', 'one');
    const states = ['one', 'two'].map((tenant) => (service.find('g', tenant) as JobView[]).map(({ state }) => state));
    assert.deepEqual(states, [['cancelled'], ['running']]);
  });

  it('all end when the server stops', async () => {
    const { service, submit, finishAll } = manualService();
    submit('a', { tenant: 'one' });
    submit('a', { tenant: 'two' });
    const closing = service.close();
    await finishAll();
    await closing;
    assert.equal(service.inFlight, 0);
  });
});
