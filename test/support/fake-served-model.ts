import { ModelFiles } from '#src/repository/model-files.js';
import type { ProviderProbe } from '#src/runtime/execution-providers.js';
import { modelConfigSchema } from '#src/serving/model-config.js';
import { ServedModel } from '#src/serving/served-model.js';
import { FakeBackend } from './fake-backend.js';
import { RecordedEvents } from './recorded-events.js';
import { cpuOnly, servingContext } from './served-folder.js';
import { VirtualClock } from './virtual-clock.js';

/** A served model on a fake backend and a virtual clock, in LOADING. It has 10 s to load. */
export function fakeServedModel({ yaml = {}, probe = cpuOnly }: { yaml?: object; probe?: ProviderProbe } = {}) {
  const [backend, clock, events] = [new FakeBackend(), new VirtualClock(), new RecordedEvents()];
  const limits = {
    queueRows: 1_000,
    queueBytes: 1_000_000,
    timeoutMs: 30_000,
    loadTimeoutMs: 10_000,
    executionTimeoutMs: 60_000,
    drainTimeoutMs: 5_000,
  };
  const context = servingContext(events, { backend, clock, limits, providerProbe: probe, defaultInstances: 2 });
  const ref = { model: 'fake', version: '1' };
  const files = new ModelFiles('/', []);
  const config = modelConfigSchema.parse(yaml);
  const source = { ref, path: 'model.onnx', config, files, fileBytes: 1_000, stamp: '' };
  const model = new ServedModel(source, context);
  const states = () => events.of('modelStateChanged').map(({ from, to }) => `${from ?? 'nothing'} → ${to}`);
  const notices = () => events.of('modelNotice').map(({ notice }) => notice);
  return { model, backend, clock, events, states, notices };
}
