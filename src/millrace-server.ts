import type { RequestListener, Server } from 'node:http';
import type { ServerConfig } from './config.js';
import { systemClock } from './core/clock.js';
import { MillraceError } from './core/errors.js';
import type { EventBus } from './core/event-bus.js';
import type { Observer } from './core/events.js';
import { countedIds, randomIds } from './core/ids.js';
import { keepingAlive, pause, within } from './core/waits.js';
import type { GrpcServer } from './grpc/grpc-server.js';
import { openGrpc } from './grpc/open-grpc.js';
import { BodyBudget } from './http/body-budget.js';
import type { Edge } from './http/edge.js';
import { HttpListener } from './http/http-listener.js';
import type { Route } from './http/route.js';
import { documentationRoutes } from './http/routes/documentation.js';
import { jobRoutes } from './http/routes/jobs.js';
import { modelControlRoutes } from './http/routes/model-control.js';
import { modelRoutes } from './http/routes/models.js';
import { metricsRoute, operationsRoutes } from './http/routes/operations.js';
import { predictRoutes } from './http/routes/predict.js';
import { v2Routes } from './http/v2/routes.js';
import type { V2Services } from './http/v2/v2-services.js';
import type { JobService } from './jobs/job-service.js';
import type { Metrics } from './observe/metrics.js';
import type { StepPool } from './pipelines/step-pool.js';
import type { ModelControl } from './serving/model-control.js';
import type { ModelManager } from './serving/model-manager.js';
import { version } from './version.js';

/** Of the event loop's time, for an observer that is not the server's own and does not say how much it needs. */
export const DEFAULT_LOOP_SHARE = 0.1;

/** A millrace server inside one's own program. */
export interface Millrace {
  /** The request handler, an Express app. */
  readonly app: RequestListener;
  readonly server: Server;
  /** `http://host:port`, or `https://…` with TLS, once the server listens. */
  readonly url: string;
  /** Settles when every model has loaded, or turned out not to. Never rejects. */
  readonly loaded: Promise<void>;
  readonly models: ModelManager;
  /** Adds an observer of events; the function returned takes it away. */
  observe(observer: Observer): () => void;
  /** Where metrics are told besides, once the server listens; undefined without `metrics.port`. */
  readonly metricsUrl: string | undefined;
  /** Where gRPC is spoken, as `host:port`, once the server listens; undefined if it is off. */
  readonly grpcAddress: string | undefined;
  /** Starts to listen, on the configured address, on all its ports; gives the URL. */
  listen(): Promise<string>;
  /** Stops gently: finishes what was accepted. Settles when all is done. Idempotent. */
  close(reason?: string): Promise<void>;
  /** Stops at once: what is under way fails with `error`. Idempotent. */
  destroy(error?: MillraceError): void;
}

/** What stands behind the edge, made by the composition root. */
export interface Parts {
  readonly events: EventBus;
  readonly models: ModelManager;
  readonly control: ModelControl;
  readonly jobs: JobService;
  readonly metrics: Metrics;
  readonly stepPool: StepPool;
  readonly edge: Edge;
  readonly v2: V2Parts;
}

/** What the Open Inference Protocol needs besides. */
export type V2Parts = Pick<V2Services, 'inference' | 'statistics'>;

/** The parts behind an HTTP server, and the order in which they begin and end. */
export class MillraceServer implements Millrace {
  readonly app: Millrace['app'];
  readonly server: Server;
  readonly models: ModelManager;
  readonly loaded: Promise<void>;
  readonly #config: ServerConfig;
  readonly #parts: Parts;
  readonly #requestIds = countedIds();
  readonly #http: HttpListener;
  readonly #metrics: HttpListener | undefined;
  #grpc: GrpcServer | undefined;
  #stopped: Promise<void> | undefined;
  #isStopping = false;

  constructor(config: ServerConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
    this.models = parts.models;
    const options = {
      edge: parts.edge,
      clock: systemClock,
      events: parts.events,
      ids: this.#requestIds,
      limits: config.limits,
      origins: config.cors.origins,
      hsts: config.tls?.hsts === true,
      trustedProxies: config.trusted_proxies,
    };
    this.#http = new HttpListener(this.#routes(), options);
    this.app = this.#http.app;
    this.server = this.#http.server;
    if (config.metrics.port !== undefined) this.#metrics = new HttpListener([this.#metricsRoute()], options);
    this.loaded = parts.models.loadAll();
  }

  get url(): string {
    return this.#http.url;
  }

  get metricsUrl(): string | undefined {
    return this.#metrics?.server.listening ? this.#metrics.url : undefined;
  }

  get grpcAddress(): string | undefined {
    return this.#grpc?.address;
  }

  observe(observer: Observer): () => void {
    return this.#parts.events.subscribe({ maxLoopShare: DEFAULT_LOOP_SHARE, ...observer });
  }

  async listen(): Promise<string> {
    const { host, port } = this.#config;
    await this.#http.listen(port, host);
    const { control, events, edge, models, v2 } = this.#parts;
    this.#grpc = await openGrpc(this.#config, {
      events,
      edge,
      clock: systemClock,
      ids: this.#requestIds,
      backend: { ...v2, models, control, version, maxRows: this.#config.limits.max_rows },
      isReady: () => models.ready && !this.#isStopping,
    });
    if (this.#metrics !== undefined) {
      await this.#metrics.listen(this.#config.metrics.port ?? 0, host);
      events.emit('metricsListening', { url: this.#metrics.url });
    }
    events.emit('serverListening', { url: this.url });
    return this.url;
  }

  close(reason = 'close was called'): Promise<void> {
    this.#stopped ??= keepingAlive(this.#stop(reason));
    return this.#stopped;
  }

  destroy(error = new MillraceError('SHUTTING_DOWN', 'The server was stopped.')): void {
    const { control, edge, events, jobs, metrics, models, stepPool } = this.#parts;
    this.#isStopping = true;
    edge.close();
    void control.close();
    jobs.destroy(error);
    models.destroy();
    stepPool.close();
    for (const edge of this.#edges) edge.destroy();
    metrics.close();
    events.flush();
  }

  /** Unready at once; then the grace period, in which all is as before; then only what was accepted. */
  async #stop(reason: string): Promise<void> {
    const { events, jobs } = this.#parts;
    const { grace_ms: graceMs, timeout_ms: timeoutMs } = this.#config.shutdown;
    this.#isStopping = true;
    events.emit('serverStopping', { reason });
    const edges = this.#edges.filter((edge) => !(edge instanceof HttpListener) || edge.server.listening);
    for (const edge of edges) edge.announceClosing();
    if (edges.length > 0) await pause(graceMs);
    await Promise.all(edges.map(async (edge) => edge instanceof HttpListener && edge.stopListening()));
    await within(timeoutMs, Promise.all([jobs.close(), ...edges.map((edge) => edge.close())]));
    events.emit('serverStopped', { reason });
    this.destroy();
  }

  /** Where requests come in, and how that ends. */
  get #edges(): (HttpListener | GrpcServer)[] {
    return [this.#http, this.#metrics, this.#grpc].filter((edge) => edge !== undefined);
  }

  #metricsRoute(): Route {
    const { events, metrics } = this.#parts;
    return metricsRoute(() => {
      events.flush();
      return metrics.scrape();
    });
  }

  #routes(): Route[] {
    const { control, edge, events, jobs, models, v2 } = this.#parts;
    const { limits } = this.#config;
    const bodies = new BodyBudget(limits.arriving_bytes);
    const isStopping = () => this.#isStopping;
    return [
      ...predictRoutes({ models, jobs, ids: randomIds, limits, events, bodies }),
      ...v2Routes({ ...v2, models, control, limits, bodies, version, isStopping }),
      ...modelRoutes(models),
      ...modelControlRoutes({ control, models, limits, bodies }),
      ...jobRoutes(jobs),
      ...operationsRoutes({
        models,
        version,
        access: edge.access,
        isStopping,
      }),
      this.#metricsRoute(),
      ...documentationRoutes(version),
    ];
  }
}
