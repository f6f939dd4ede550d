import assert from 'node:assert/strict';
import type { JobView } from '#src/jobs/job.js';
import type { JobService, QueueReading } from '#src/jobs/job-service.js';
import type { FakeModel } from '../support/fake-model.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import { isUnsettled, type JobLedger, sum } from './job-ledger.js';
import { LARGEST_JOB, type ModelChoice } from './serving-program.js';

export interface ModelState {
  readonly model: FakeModel;
  readonly choice: ModelChoice;
}

/** What the checks look at. */
export interface WorldState {
  readonly clock: VirtualClock;
  readonly ledger: JobLedger;
  readonly service: JobService;
  readonly models: readonly ModelState[];
}

type Reading = Pick<QueueReading, 'takenRows' | 'takenBytes' | 'waitingRows'>;

/** What the service says of the queue of a model; there is none before its first job. */
export function readingOf({ service }: WorldState, model: FakeModel): Reading {
  const nothing = { takenRows: 0, takenBytes: 0, waitingRows: 0 };
  return service.queues.find((queue) => queue.model === model.ref.model) ?? nothing;
}

/** Invariant I7 of the queues, and what else holds between any two steps. */
export function checkBounds(world: WorldState): void {
  world.ledger.assertSound();
  for (const { model, choice } of world.models) {
    model.instances.assertSound();
    assert.deepEqual(model.violations, []);
    const { takenRows, takenBytes } = readingOf(world, model);
    assert.ok(takenRows >= 0 && takenRows <= choice.queueRows, `I7: ${takenRows} of ${choice.queueRows} rows`);
    assert.ok(takenBytes >= 0 && takenBytes <= choice.queueBytes, `I7: ${takenBytes} of ${choice.queueBytes} bytes`);
    const most = choice.concurrency - 1 + LARGEST_JOB;
    assert.ok(model.rowsInModel <= most, `${model.rowsInModel} rows in a model for ${choice.concurrency}`);
  }
}

/** What holds when nothing is left to do at this instant. */
export function checkSettled(world: WorldState): void {
  const { clock, ledger, service, models } = world;
  const { entries, unsettled } = ledger;
  const overdue = unsettled.find(({ deadlineAt }) => deadlineAt <= clock.now());
  assert.equal(overdue?.id, undefined, 'a job is over at its deadline');
  assert.equal(service.inFlight, unsettled.length);
  // The latest job of each id.
  const byId = new Map(entries.flatMap((entry) => (entry.accepted ? [[entry.id, entry] as const] : [])));
  for (const [id, { outcomes }] of byId) {
    const expected = outcomes[0]?.state;
    const { state } = service.find(id) as JobView;
    if (expected === undefined) assert.match(state, /queued|running/);
    else assert.equal(state, expected);
  }
  for (const state of models) checkModel(world, state);
}

function checkModel(world: WorldState, { model, choice }: ModelState): void {
  const { takenRows, takenBytes, waitingRows } = readingOf(world, model);
  const own = world.ledger.entries.filter((entry) => entry.model === model && entry.accepted);
  const taking = own.filter((entry) => isUnsettled(entry) || entry.batches.some(({ state }) => state === 'running'));
  assert.deepEqual([takenRows, takenBytes], [sum(taking, 'rows'), sum(taking, 'bytes')], 'room that leaks');
  if (waitingRows > 0) assert.ok(model.rowsInModel >= choice.concurrency, 'a job waits while the model would take it');
  // What has cost an instance runs again one by one, also where others are idle.
  const mayWait =
    model.instances.batches.some(({ state }) => state === 'crashed') && model.instances.running.length > 0;
  if (choice.delayMs === undefined && model.batcher.waitingRows > 0 && !mayWait) assert.equal(model.instances.idle, 0);
}
