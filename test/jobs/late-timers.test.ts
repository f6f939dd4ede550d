import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { noEvents } from '#src/core/events.js';
import { JobService } from '#src/jobs/job-service.js';
import { FakeModel, numbersIn, scaledRows } from '../support/fake-model.js';
import { recordedJob } from '../support/job-requests.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A clock whose timers are late: something kept the main thread busy, and what is due has not run yet. */
class BusyClock extends VirtualClock {
  #busyMs = 0;

  override now(): number {
    return super.now() + this.#busyMs;
  }

  busyFor(ms: number): void {
    this.#busyMs += ms;
  }

  /** The timers run that were due in the meantime. */
  async catchUp(): Promise<void> {
    const late = this.#busyMs;
    this.#busyMs = 0;
    await this.advance(late);
  }
}

function setUp(t: TestContext, concurrency = 10) {
  const clock = new BusyClock();
  const service = new JobService({ clock, events: noEvents });
  const model = new FakeModel({ clock, concurrency });
  t.after(() => model.instances.assertSound());
  const submit = (id: string, value: number, timeoutMs: number) => {
    const { request, outcomes } = recordedJob({ id, timeoutMs, input: scaledRows([[value]]), receivedAt: clock.now() });
    service.submit(model, [request]);
    return outcomes;
  };
  const batches = () => model.instances.batches.map(numbersIn);
  return { clock, instances: model.instances, submit, batches };
}

describe('a deadline that passes while the main thread is busy', () => {
  it('keeps a job out of the batch that is formed before its timer runs', async (t) => {
    const { clock, submit, batches } = setUp(t);
    const late = submit('late', 1, 50);
    submit('patient', 2, 500);
    clock.busyFor(60);
    await clock.settle();
    await clock.catchUp();
    assert.deepEqual(batches(), [[2]]);
    assert.ok(late[0]?.state === 'failed' && late[0].error.code === 'DEADLINE_EXCEEDED');
  });

  it('keeps a queued job out of the model when its turn comes before its timer runs', async (t) => {
    const { clock, instances, submit, batches } = setUp(t, 1);
    submit('running', 1, 500);
    const late = submit('late', 2, 50);
    await clock.settle();
    clock.busyFor(60);
    instances.only.finish();
    await clock.settle();
    await clock.catchUp();
    assert.deepEqual(batches(), [[1]]);
    assert.ok(late[0]?.state === 'failed' && late[0].error.code === 'DEADLINE_EXCEEDED');
  });
});
