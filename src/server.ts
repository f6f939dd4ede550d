import { isLoopback, resolveConfig, type ServerConfig, type ServerConfigInput } from './config.js';
import { systemClock } from './core/clock.js';
import { EventBus } from './core/event-bus.js';
import type { ModelRef } from './core/events.js';
import { randomIds } from './core/ids.js';
import { Slots } from './core/slots.js';
import { TurnBudget } from './core/turn-budget.js';
import { openEdge } from './http/edge.js';
import { JobService } from './jobs/job-service.js';
import { DEFAULT_LOOP_SHARE, type Millrace, MillraceServer } from './millrace-server.js';
import { createLogObserver } from './observe/logger.js';
import { Metrics, type ModelReading, type Readings } from './observe/metrics.js';
import { loadObserver } from './observe/own-observer.js';
import { TritonMetrics } from './observe/triton-metrics.js';
import { StepPool } from './pipelines/step-pool.js';
import { scanRepository } from './repository/model-repository.js';
import { RepositoryWatch } from './repository/repository-watch.js';
import { usableCpus } from './runtime/cpu-quota.js';
import { OnnxBackend } from './runtime/onnx-backend.js';
import { ChildProcessProviderProbe } from './runtime/provider-probe.js';
import { budgetBytes, type MemoryLimits } from './serving/memory-config.js';
import { ModelControl } from './serving/model-control.js';
import type { ModelEntry } from './serving/model-entry.js';
import { ModelManager } from './serving/model-manager.js';
import { selectModels } from './serving/model-names.js';
import type { ModelLimits } from './serving/open-model.js';
import type { ServedModel } from './serving/served-model.js';
import { InferenceService } from './v2/inference.js';
import { InferenceStatistics } from './v2/statistics.js';

export type { ServerConfigInput } from './config.js';
export { MillraceError } from './core/errors.js';
export type { EventMap, Observer } from './core/events.js';
export type { Millrace } from './millrace-server.js';

/** Threads for steps that would hold up the main thread: most steps don't. */
const MOST_STEP_THREADS = 4;
/** More instances of one model than this gain little and take memory: each holds the weights. */
const MOST_DEFAULT_INSTANCES = 8;

/**
 * Makes a server and starts to load its models.
 *
 * @throws MillraceError INVALID_REQUEST if the configuration is wrong, or the model folder or a file cannot be read
 */
export async function createServer(input: ServerConfigInput = {}): Promise<Millrace> {
  return startServer(resolveConfig([{ values: input, nameOf: (path) => path }]));
}

/**
 * As `createServer`, for a configuration that was checked.
 *
 * @param options `only`: the names of the models to serve; the others are as if they were not in the folder
 * @throws MillraceError also MODEL_NOT_FOUND if `only` holds a name that means no model
 */
export async function startServer(
  config: ServerConfig,
  { only }: { readonly only?: readonly string[] } = {},
): Promise<Millrace> {
  const { model_control: mode, models: folder } = config;
  const watch = mode === 'watch' ? await RepositoryWatch.open(folder, systemClock) : undefined;
  const maxModelBytes = config.limits.model_bytes;
  const found = await scanRepository(folder, maxModelBytes);
  const repository = only === undefined ? found : selectModels(found, only);
  const observers = await Promise.all(
    config.observers.map((entry, index) => loadObserver(entry, `observers[${index}]`)),
  );
  const events = new EventBus(systemClock);
  for (const observer of observers) events.subscribe({ maxLoopShare: DEFAULT_LOOP_SHARE, ...observer });
  if (config.log.level !== 'silent') events.subscribe(createLogObserver(config.log.level));
  const statistics = new InferenceStatistics(systemClock);
  events.subscribe(statistics.observer);
  const triton = config.metrics.triton
    ? new TritonMetrics({ models: () => pendingOf(models, jobs) }, statistics)
    : undefined;
  if (triton !== undefined) events.subscribe(triton.observer);
  const edge = await openEdge(
    {
      ...(config.auth && { auth: config.auth }),
      ...(config.tls && { tls: config.tls }),
      origins: config.cors.origins,
      isLocal: isLoopback(config.host) && config.trusted_proxies.length === 0,
    },
    { clock: systemClock, events },
  );
  const processors = usableCpus();
  const stepPool = new StepPool(Math.min(MOST_STEP_THREADS, processors));
  const backend = new OnnxBackend();
  const models = new ModelManager(repository, {
    backend,
    providerProbe: new ChildProcessProviderProbe(),
    clock: systemClock,
    events,
    executionProviders: config.execution_providers,
    defaultInstances: config.instances ?? Math.min(MOST_DEFAULT_INSTANCES, processors),
    limits: modelLimits(config),
    turnBudget: new TurnBudget(systemClock),
    steps: { pool: stepPool, native: new Slots(processors) },
    stepSlots: 2 * processors,
    allowCode: config.model_code,
    memory: memoryLimits(config),
    modelControl: mode,
    loadAtStart: config.load_at_start,
  });
  const control = new ModelControl({ models, events, mode, folder, maxModelBytes, watch });
  const jobs = new JobService({ clock: systemClock, events });
  const readings: Readings = {
    models: () => models.entries.flatMap((entry) => readEntry(entry, models)),
    memoryBudgetBytes: () => models.loader.budgetBytes,
    queues: () => jobs.queues,
    jobsInFlight: () => jobs.inFlight,
    steps: () => stepPool.load,
    threadsGivenUp: () => backend.givenUpThreads,
    eventsDropped: () => events.dropped,
  };
  const metrics = new Metrics(readings, triton);
  events.subscribe(metrics.observer);
  if (repository.length === 0) events.emit('serverNotice', { notice: `the model folder ${folder} holds no models` });
  return new MillraceServer(config, {
    events,
    models,
    control,
    jobs,
    metrics,
    stepPool,
    edge,
    v2: {
      // The Open Inference Protocol, over the same models and jobs.
      inference: new InferenceService({ models, jobs, ids: randomIds, events, maxRows: config.limits.max_rows }),
      statistics,
    },
  });
}

/** What waits for each model version that is READY: jobs in its queue, rows in its batcher. */
function pendingOf(models: ModelManager, jobs: JobService): (ModelRef & { pending: number })[] {
  const queued = new Map(jobs.queues.map(({ model, version, waitingJobs }) => [`${model}/${version}`, waitingJobs]));
  return models.served.flatMap(({ ref, loaded }) => {
    if (loaded === undefined) return [];
    return { ...ref, pending: (queued.get(`${ref.model}/${ref.version}`) ?? 0) + loaded.batcher.waitingRows };
  });
}

function modelLimits({ limits }: ServerConfig): ModelLimits {
  return {
    queueRows: limits.queue_rows,
    queueBytes: limits.queue_bytes,
    timeoutMs: limits.timeout_ms,
    loadTimeoutMs: limits.load_timeout_ms,
    executionTimeoutMs: limits.execution_timeout_ms,
    drainTimeoutMs: limits.drain_timeout_ms,
    maxRows: limits.max_rows,
    queueTimeoutMs: limits.queue_timeout_ms,
  };
}

function memoryLimits({ memory }: ServerConfig): MemoryLimits {
  return {
    budgetBytes: budgetBytes(memory.budget),
    minResidencyMs: memory.min_residency_ms,
    ttlMs: memory.ttl_ms,
    residentBytes: () => process.memoryUsage.rss(),
  };
}

/** A model that has no version to serve is known by its name alone. */
function readEntry({ name, versions }: ModelEntry, models: ModelManager): ModelReading[] {
  if (versions.length > 0) return versions.map((version) => readModel(version, models));
  const nothing = { memoryBytes: 0, loadWaitingRows: 0, loaded: undefined };
  return [{ model: name, version: '', state: 'UNAVAILABLE', ...nothing }];
}

function readModel(served: ServedModel, models: ModelManager): ModelReading {
  const { ref, state, loaded, isResident } = served;
  const memoryBytes = isResident ? models.loader.bytesOf(served) : 0;
  const head = { ...ref, state, memoryBytes, loadWaitingRows: models.waitingRows(served) };
  if (loaded === undefined) return { ...head, loaded };
  const { provider, plan, instances, batcher } = loaded;
  const { live, restarts, residentBytes } = instances;
  const { waitingRows: batcherRows, rowLimit: batchRowLimit } = batcher;
  return {
    ...head,
    loaded: {
      provider,
      batched: plan.maxBatchSize > 1,
      live,
      restarts,
      batcherRows,
      batchRowLimit,
      residentBytes,
    },
  };
}
