import type { TestContext } from 'node:test';
import type { MillraceError } from '#src/core/errors.js';
import type { ServingContext } from '#src/serving/open-model.js';
import { FakeBackend } from './fake-backend.js';
import { affine } from './fixture-models.js';
import type { FolderContents } from './model-folder.js';
import { openFolder, unboundedMemory } from './served-folder.js';
import { VirtualClock } from './virtual-clock.js';

/** What each instance of a fake model takes. */
export const MODEL_BYTES = 100 * 2 ** 20;

/** What the first load takes for good, as the estimates suppose it. */
export const RUNTIME_BYTES = 32 * 2 ** 20;

export interface CrowdOptions {
  /** Models `m0`, `m1` and so on, or their folders' contents. */
  readonly models: number | FolderContents;
  /** The budget, in models of MODEL_BYTES. */
  readonly room: number;
  readonly loadMs?: number;
  readonly minResidencyMs?: number;
  readonly ttlMs?: number;
  readonly context?: Partial<ServingContext>;
}

/** Models that each take as much, on a fake backend, in a process that takes what their instances do. */
export async function crowd(t: TestContext, options: CrowdOptions) {
  const { models, room, loadMs = 10, minResidencyMs = 0, ttlMs, context = {} } = options;
  const [backend, clock] = [new FakeBackend(), new VirtualClock()];
  backend.onStart = () => new Promise((resolve) => void clock.after(loadMs, resolve));
  const alive = () => backend.instances.filter(({ destroyedWith }) => destroyedWith === undefined);
  const contents =
    typeof models === 'number'
      ? Object.fromEntries(Array.from({ length: models }, (_, index) => [`m${index}.onnx`, affine()]))
      : models;
  const memory = {
    ...unboundedMemory,
    budgetBytes: room * MODEL_BYTES,
    minResidencyMs,
    ttlMs,
    residentBytes: () => (backend.specs.length > 0 ? RUNTIME_BYTES : 0) + alive().length * MODEL_BYTES,
  };
  const opened = await openFolder(contents, { backend, clock, memory, loadAtStart: 'none', ...context });
  t.after(opened.stop);
  const { manager } = opened;

  /** A request that waits for its model; gives `name/version`, or the code of its error. */
  const ask = (name: string, { timeoutMs = 60_000, rows = 1, version }: Asked = {}) => {
    const query = { name, version };
    const request = { timeoutMs, receivedAt: clock.now(), rows, bytes: 8 };
    const { ready, leave } = manager.wait(manager.find(query), query, request);
    const outcome = ready.then(
      ({ model }) => `${model.ref.model}/${model.ref.version}`,
      ({ code }: MillraceError) => code,
    );
    return { outcome, leave };
  };
  const states = () => manager.served.map(({ ref, state }) => `${ref.model} ${state}`);
  return { ...opened, backend, clock, alive, ask, states };
}

interface Asked {
  readonly timeoutMs?: number;
  readonly rows?: number;
  readonly version?: string;
}
