import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { InferenceResult } from '#src/batching/request-part.js';
import { FakeModel, type FakeModelOptions, numbersIn, scaledRows } from './fake-model.js';
import { RecordedEvents } from './recorded-events.js';
import { VirtualClock } from './virtual-clock.js';

/** The signal of somebody who never leaves. */
export const patient = (): AbortSignal => new AbortController().signal;

/** A batcher over fake instances on a virtual clock; what they find wrong fails the test. */
export function batcherFor(t: TestContext, options: Omit<FakeModelOptions, 'clock' | 'events'> = {}) {
  /** What the test provokes that must never happen by itself. */
  const expectedViolations: string[] = [];
  const clock = new VirtualClock({ startMs: 1000 });
  const events = new RecordedEvents();
  const { batcher, instances, violations } = new FakeModel({ clock, events, ...options });
  t.after(() => {
    instances.assertSound();
    assert.deepEqual(violations, expectedViolations);
  });
  /** Submits a request of one row that holds this number. */
  const submit = (value: number, scale = 1): Promise<InferenceResult> =>
    batcher.submit(scaledRows([[value]], { scale }), patient());
  /** The numbers in each batch so far. */
  const batches = () => instances.batches.map(numbersIn);
  return { clock, events, batcher, instances, submit, batches, expectedViolations };
}
