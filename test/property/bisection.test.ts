import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { InferenceResult } from '#src/batching/request-part.js';
import { type ErrorCode, MillraceError } from '#src/core/errors.js';
import { noEvents } from '#src/core/events.js';
import { patient } from '../support/batcher-fixture.js';
import type { FakeBatch } from '../support/fake-instances.js';
import { answerTo, FakeModel, numbersIn, scaledRows } from '../support/fake-model.js';
import { propertyRuns } from '../support/property-runs.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Requests by their number, from 0; whose fault it is when one of them is in a batch; and in which order batches end. */
interface Scenario {
  readonly requests: number;
  readonly instances: number;
  readonly culprits: readonly number[];
  readonly order: readonly number[];
}

const scenarios = fc.integer({ min: 1, max: 40 }).chain((requests) =>
  fc.record<Scenario>({
    requests: fc.constant(requests),
    instances: fc.integer({ min: 1, max: 3 }),
    culprits: fc.uniqueArray(fc.nat(requests - 1), { maxLength: Math.min(requests, 5) }),
    order: fc.array(fc.nat(2), { minLength: 1, maxLength: 20 }),
  }),
);

/** Plays a scenario on the real batcher; gives what came of each request, and every batch. */
async function play({ requests, instances: count, culprits, order }: Scenario, code: ErrorCode) {
  const clock = new VirtualClock();
  const { batcher, instances } = new FakeModel({ clock, events: noEvents, instances: count, maxBatchSize: 64 });
  const isBad = (batch: FakeBatch) => numbersIn(batch).some((number) => culprits.includes(number));
  const settled: (InferenceResult | MillraceError)[][] = Array.from({ length: requests }, () => []);
  for (const [number, outcomes] of settled.entries()) {
    const note = (outcome: InferenceResult | MillraceError) => void outcomes.push(outcome);
    batcher.submit(scaledRows([[number]]), patient()).then(note, note);
  }
  for (let round = 0; ; round += 1) {
    await clock.settle();
    const { running } = instances;
    const batch = running[(order[round % order.length] as number) % running.length];
    if (batch === undefined) break;
    if (!isBad(batch)) batch.finish();
    else if (code === 'INSTANCE_CRASHED') batch.crash();
    else batch.fail(new MillraceError(code, `bad: ${numbersIn(batch).join()}`));
    if (batch.state !== 'crashed') continue;
    // Its replacement takes a while, in which budgets fill up again.
    await clock.advance(1_000);
    instances.start();
  }
  instances.assertSound();
  return { settled, batches: instances.batches };
}

/** Every request settles once: the culprits with an error of their own, all others with the answer to their own input. */
function checkOutcomes(
  { culprits }: Scenario,
  settled: readonly (InferenceResult | MillraceError)[][],
  code: ErrorCode,
) {
  for (const [number, outcomes] of settled.entries()) {
    assert.equal(outcomes.length, 1, `request ${number} settled ${outcomes.length} times`);
    const [outcome] = outcomes;
    if (culprits.includes(number)) assert.equal(outcome instanceof MillraceError && outcome.code, code);
    else
      assert.deepEqual(
        outcome instanceof MillraceError || outcome?.outputs,
        answerTo(scaledRows([[number]])),
        `${number}`,
      );
  }
}

describe('the bisection of batches that fail', () => {
  it('fails the culprits alone, whoever they are, with at most 2 k log2 n further executions', async () => {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { settled, batches } = await play(scenario, 'EXECUTION_FAILED');
      checkOutcomes(scenario, settled, 'EXECUTION_FAILED');
      for (const culprit of scenario.culprits) {
        const last = batches.findLast((batch) => numbersIn(batch).includes(culprit)) as FakeBatch;
        assert.deepEqual([numbersIn(last), last.state], [[culprit], 'failed'], 'it fails by itself');
      }
      const { requests, instances, culprits } = scenario;
      const firsts = Math.min(instances, requests);
      const most = 2 * culprits.length * Math.ceil(Math.log2(Math.max(1, requests)));
      assert.ok(batches.length <= firsts + most, `${batches.length - firsts} further executions, ${most} allowed`);
    });
    await fc.assert(property, propertyRuns(300));
  });

  it('takes nothing where nothing fails', async () => {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { batches } = await play({ ...scenario, culprits: [] }, 'EXECUTION_FAILED');
      assert.equal(batches.flatMap(numbersIn).length, scenario.requests);
    });
    await fc.assert(property, propertyRuns(50));
  });

  it('finds one that ends instances, and answers all others from new ones', async () => {
    const one = scenarios.map((scenario) => ({ ...scenario, culprits: scenario.culprits.slice(0, 1) }));
    const property = fc.asyncProperty(one, async (scenario) => {
      const { settled, batches } = await play(scenario, 'INSTANCE_CRASHED');
      checkOutcomes(scenario, settled, 'INSTANCE_CRASHED');
      const [culprit] = scenario.culprits;
      const crashes = batches.filter(({ state }) => state === 'crashed');
      if (culprit === undefined) assert.equal(crashes.length, 0);
      else assert.deepEqual(numbersIn(crashes.at(-1) as FakeBatch), [culprit]);
      assert.ok(crashes.length <= 2 + Math.ceil(Math.log2(scenario.requests)));
    });
    await fc.assert(property, propertyRuns(200));
  });
});
