import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noEvents } from '#src/core/events.js';
import { JobService } from '#src/jobs/job-service.js';
import { FakeModel, numbersIn, scaledRows } from '../support/fake-model.js';
import { VirtualClock } from '../support/virtual-clock.js';

const WAITING = 160;
/** Of one execution, whatever it holds. */
const RUN_MS = 50;

/** A model of which each number that is odd makes an execution fail, and jobs with or without such numbers. */
class Load {
  readonly clock = new VirtualClock();
  readonly model = new FakeModel({ clock: this.clock, maxBatchSize: 8, concurrency: 16 });
  readonly #service = new JobService({ clock: this.clock, events: noEvents });
  #next = 0;

  submit(isBad: boolean, queueTimeoutMs?: number): void {
    this.#next += 2;
    this.#service.submit(this.model, [
      {
        id: `${this.#next}`,
        tenant: undefined,
        input: scaledRows([[this.#next + (isBad ? 1 : 0)]]),
        endpoint: { kind: 'response', deliver: () => undefined },
        priority: 0,
        timeoutMs: 1_000_000,
        queueTimeoutMs,
        receivedAt: this.clock.now(),
      },
    ]);
  }

  /** Keeps the queue as long as it is for so many executions; every other job is bad, if any are. */
  async run(executions: number, { bad }: { bad: boolean }): Promise<void> {
    for (let done = 0; done < executions; done += 1) {
      for (let at = this.#service.queues[0]?.takenRows ?? 0; at < WAITING; at += 1)
        this.submit(bad && this.#next % 4 === 0);
      await this.clock.advance(RUN_MS);
      for (const batch of this.model.instances.running)
        if (numbersIn(batch).some((number) => number % 2 === 1)) batch.fail();
        else batch.finish();
      await this.clock.settle();
    }
  }
}

describe('a queue whose batches get smaller because they fail', () => {
  it('expects longer waits, and shorter ones when all is well again', async () => {
    const load = new Load();
    await load.run(300, { bad: false });
    assert.equal(load.model.batcher.rowLimit, 8);
    // Some 160 rows at 8 in 50 ms: a second.
    load.submit(false, 2_000);
    await load.run(300, { bad: true });
    assert.ok(load.model.batcher.rowLimit < 8);
    assert.throws(() => load.submit(false, 2_000), { code: 'QUEUE_FULL', message: /is too long/ });
    await load.run(600, { bad: false });
    assert.equal(load.model.batcher.rowLimit, 8);
    load.submit(false, 2_000);
  });
});
