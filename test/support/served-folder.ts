import type { TestContext } from 'node:test';
import { systemClock } from '#src/core/clock.js';
import { Slots } from '#src/core/slots.js';
import { TurnBudget } from '#src/core/turn-budget.js';
import { StepPool } from '#src/pipelines/step-pool.js';
import { scanRepository } from '#src/repository/model-repository.js';
import type { ProviderName, ProviderProbe } from '#src/runtime/execution-providers.js';
import { OnnxBackend } from '#src/runtime/onnx-backend.js';
import type { MemoryLimits } from '#src/serving/memory-config.js';
import { ModelManager } from '#src/serving/model-manager.js';
import type { ServingContext } from '#src/serving/open-model.js';
import { createModelFolder, type FolderContents } from './model-folder.js';
import { RecordedEvents } from './recorded-events.js';

const MAX_MODEL_BYTES = 1e9;

/** A machine that has the CPU alone, without asking it. */
export const cpuOnly: ProviderProbe = {
  availability: async (name: ProviderName) =>
    name === 'cpu' ? { available: true } : { available: false, reason: `there is no ${name} in this test` },
};

/** Room for everything, and a process that never grows. */
export const unboundedMemory: MemoryLimits = {
  budgetBytes: Number.MAX_SAFE_INTEGER,
  minResidencyMs: 0,
  ttlMs: undefined,
  residentBytes: () => 0,
};

/** What models are served with in tests: ONNX Runtime, one instance each, on the CPU. */
export function servingContext(events: RecordedEvents, overrides: Partial<ServingContext> = {}): ServingContext {
  return {
    backend: new OnnxBackend(),
    providerProbe: cpuOnly,
    clock: systemClock,
    events,
    executionProviders: undefined,
    defaultInstances: 1,
    turnBudget: new TurnBudget(systemClock),
    steps: { pool: new StepPool(1), native: new Slots(2) },
    stepSlots: 4,
    allowCode: false,
    memory: unboundedMemory,
    modelControl: 'none',
    loadAtStart: 'all',
    limits: {
      queueRows: 1_000,
      queueBytes: 1_000_000,
      timeoutMs: 30_000,
      loadTimeoutMs: 60_000,
      executionTimeoutMs: 60_000,
      drainTimeoutMs: 60_000,
    },
    ...overrides,
  };
}

/** The models of a folder, not yet loaded. `stop` ends them and removes the folder. */
export async function openFolder(contents: FolderContents, overrides: Partial<ServingContext> = {}) {
  const folder = await createModelFolder(contents);
  const events = new RecordedEvents();
  const models = await scanRepository(folder.dir, MAX_MODEL_BYTES);
  const manager = new ModelManager(models, servingContext(events, overrides));
  const stop = async () => {
    manager.destroy();
    await folder.remove();
  };
  return { manager, events, folder, stop };
}

/** The models of a folder, loaded, until the test is over. */
export async function serveFolder(t: TestContext, contents: FolderContents, overrides: Partial<ServingContext> = {}) {
  const { stop, ...served } = await openFolder(contents, overrides);
  t.after(stop);
  await served.manager.loadAll();
  return served;
}

/** A signal of someone who waits for as long as it takes. */
export const patient: AbortSignal = new AbortController().signal;
