import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { resolveConfig, type ServerConfig, type ServerConfigInput } from './config.js';
import { systemClock } from './core/clock.js';
import { MillraceError } from './core/errors.js';
import { EventBus } from './core/event-bus.js';
import type { Observer } from './core/events.js';
import { countedIds, randomIds } from './core/ids.js';
import { createApp } from './http/app.js';
import { answerClientErrors } from './http/client-error.js';
import { createExpressServer } from './http/express-server.js';
import { GracefulServer } from './http/graceful-server.js';
import { jobRoutes } from './http/routes/jobs.js';
import { modelRoutes } from './http/routes/models.js';
import { operationsRoutes } from './http/routes/operations.js';
import { predictRoutes } from './http/routes/predict.js';
import { JobService } from './jobs/job-service.js';
import { createLogObserver } from './observe/logger.js';
import { Metrics, type ModelReading } from './observe/metrics.js';
import { scanRepository } from './repository/model-repository.js';
import { usableCpus } from './runtime/cpu-quota.js';
import { onnxThreadBackend } from './runtime/onnx-backend.js';
import { ChildProcessProviderProbe } from './runtime/provider-probe.js';
import { ModelManager } from './serving/model-manager.js';
import type { ServedModel } from './serving/served-model.js';
import { version } from './version.js';

export type { ServerConfigInput } from './config.js';
export { MillraceError } from './core/errors.js';
export type { EventMap, Observer } from './core/events.js';

/** More instances of one model than this gain little and take memory: each holds the weights. */
const MOST_DEFAULT_INSTANCES = 8;

/** A millrace server inside one's own program. */
export interface Millrace {
  readonly app: Express;
  readonly server: Server;
  /** `http://host:port`, once the server listens. */
  readonly url: string;
  /** Settles when every model has loaded, or turned out not to. Never rejects. */
  readonly loaded: Promise<void>;
  readonly models: ModelManager;
  /** Adds an observer of events; the function returned takes it away. */
  observe(observer: Observer): () => void;
  /** Starts to listen, on the configured address; gives the URL. */
  listen(): Promise<string>;
  /** Stops gently: finishes what was accepted. Settles when all is done. Idempotent. */
  close(reason?: string): Promise<void>;
  /** Stops at once: what is under way fails with `error`. Idempotent. */
  destroy(error?: MillraceError): void;
}

/**
 * Makes a server and starts to load its models.
 *
 * @throws MillraceError INVALID_REQUEST if the configuration is wrong or the model folder cannot be read
 */
export async function createServer(input: ServerConfigInput = {}): Promise<Millrace> {
  return startServer(resolveConfig([{ values: input, nameOf: (path) => path }]));
}

/** As `createServer`, for a configuration that was checked. */
export async function startServer(config: ServerConfig): Promise<Millrace> {
  const clock = systemClock;
  const { limits, shutdown } = config;
  const repository = await scanRepository(config.models, limits.model_bytes);
  const events = new EventBus(clock);
  if (config.log.level !== 'silent') events.subscribe(createLogObserver(config.log.level));
  const models = new ModelManager(repository, {
    backend: onnxThreadBackend,
    providerProbe: new ChildProcessProviderProbe(),
    clock,
    events,
    executionProviders: config.execution_providers,
    defaultInstances: config.instances ?? Math.min(MOST_DEFAULT_INSTANCES, usableCpus()),
    limits: {
      queueRows: limits.queue_rows,
      queueBytes: limits.queue_bytes,
      timeoutMs: limits.timeout_ms,
      loadTimeoutMs: limits.load_timeout_ms,
    },
  });
  const jobs = new JobService({ clock, events });
  const metrics = new Metrics({
    models: () => models.served.map(readModel),
    queues: () => jobs.queues,
    jobsInFlight: () => jobs.inFlight,
    eventsDropped: () => events.dropped,
  });
  events.subscribe(metrics.observer);

  let stopping: Promise<void> | undefined;
  const requestIds = countedIds();
  const context = { clock, events, ids: requestIds };
  const routes = [
    ...predictRoutes({ models, jobs, clock, ids: randomIds, limits }),
    ...modelRoutes(models),
    ...jobRoutes(jobs),
    ...operationsRoutes({
      models,
      version,
      isStopping: () => stopping !== undefined,
      metrics: () => {
        events.flush();
        return metrics.scrape();
      },
    }),
  ];
  const app = createApp(routes, context);
  const server = createExpressServer(app, limits);
  answerClientErrors(server, requestIds);
  const graceful = new GracefulServer(server, clock);

  const destroy = (error = new MillraceError('SHUTTING_DOWN', 'The server was stopped.')): void => {
    stopping ??= Promise.resolve();
    jobs.destroy(error);
    models.destroy();
    graceful.destroy();
    metrics.close();
    events.flush();
  };
  const stop = async (reason: string): Promise<void> => {
    events.emit('serverStopping', { reason });
    if (server.listening) {
      graceful.announceClosing();
      await pause(shutdown.grace_ms);
    }
    const finished = Promise.all([jobs.close(), server.listening ? graceful.close() : undefined]);
    await within(shutdown.timeout_ms, finished);
    events.emit('serverStopped', { reason });
    destroy();
  };
  return {
    app,
    server,
    get url() {
      return urlOf(server);
    },
    loaded: models.loadAll(),
    models,
    observe: (observer) => events.subscribe(observer),
    listen: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      events.emit('serverListening', { url: urlOf(server) });
      return urlOf(server);
    },
    close: (reason = 'close was called') => {
      stopping ??= stop(reason);
      return stopping;
    },
    destroy,
  };
}

function readModel({ ref, state, loaded }: ServedModel): ModelReading {
  if (loaded === undefined) return { ...ref, state, loaded };
  const { provider, plan, instances, batcher } = loaded;
  const { live, restarts } = instances;
  return {
    ...ref,
    state,
    loaded: { provider, batched: plan.maxBatchSize > 1, live, restarts, batcherRows: batcher.waitingRows },
  };
}

/** @throws Error if the server does not listen */
function urlOf(server: Server): string {
  const address = server.address() as AddressInfo | null;
  if (address === null) throw new Error('the server does not listen yet');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** Keeps the process alive, as the clock's own timers do not: an orderly stop must come to its end. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timeout = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timeout));
}
