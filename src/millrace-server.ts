import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { ServerConfig } from './config.js';
import { systemClock } from './core/clock.js';
import { MillraceError } from './core/errors.js';
import type { EventBus } from './core/event-bus.js';
import type { Observer } from './core/events.js';
import { countedIds, randomIds } from './core/ids.js';
import { keepingAlive, pause, within } from './core/waits.js';
import type { GrpcServer } from './grpc/grpc-server.js';
import { openGrpc } from './grpc/open-grpc.js';
import { AnswerHeaders } from './http/answer-headers.js';
import { createApp } from './http/app.js';
import { BodyBudget } from './http/body-budget.js';
import { answerClientErrors } from './http/client-error.js';
import type { Edge } from './http/edge.js';
import { createExpressServer } from './http/express-server.js';
import { GracefulServer } from './http/graceful-server.js';
import type { Route } from './http/route.js';
import { documentationRoutes } from './http/routes/documentation.js';
import { jobRoutes } from './http/routes/jobs.js';
import { modelControlRoutes } from './http/routes/model-control.js';
import { modelRoutes } from './http/routes/models.js';
import { operationsRoutes } from './http/routes/operations.js';
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
  /** Where gRPC is spoken, as `host:port`, once the server listens; undefined if it is off. */
  readonly grpcAddress: string | undefined;
  /** Starts to listen, on the configured address, for HTTP and gRPC; gives the URL. */
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
  readonly #graceful: GracefulServer;
  #grpc: GrpcServer | undefined;
  #stopped: Promise<void> | undefined;
  #isStopping = false;

  constructor(config: ServerConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
    this.models = parts.models;
    const { events, edge } = parts;
    const { access, certificate } = edge;
    const answerHeaders = new AnswerHeaders({ isTls: certificate !== undefined, origins: config.cors.origins });
    const app = createApp(this.#routes(), {
      clock: systemClock,
      events,
      ids: this.#requestIds,
      access,
      answerHeaders,
      trustedProxies: config.trusted_proxies,
    });
    this.app = app;
    this.server = createExpressServer(app, config.limits, certificate?.value);
    const { server } = this;
    if (server instanceof TlsServer) certificate?.onChange((next) => server.setSecureContext(next));
    this.#graceful = new GracefulServer(this.server, systemClock);
    answerClientErrors(this.server, {
      ids: this.#requestIds,
      headers: answerHeaders.for(undefined),
      finish: (socket) => this.#graceful.closeAfterAnswers(socket),
    });
    this.loaded = parts.models.loadAll();
  }

  get url(): string {
    return urlOf(this.server);
  }

  get grpcAddress(): string | undefined {
    return this.#grpc?.address;
  }

  observe(observer: Observer): () => void {
    return this.#parts.events.subscribe({ maxLoopShare: DEFAULT_LOOP_SHARE, ...observer });
  }

  async listen(): Promise<string> {
    const { host, port } = this.#config;
    this.server.listen(port, host);
    await once(this.server, 'listening');
    const { control, events, edge, models, v2 } = this.#parts;
    this.#grpc = await openGrpc(this.#config, {
      events,
      edge,
      clock: systemClock,
      ids: this.#requestIds,
      backend: { ...v2, models, control, version, maxRows: this.#config.limits.max_rows },
      isReady: () => models.ready && !this.#isStopping,
    });
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
    this.#graceful.destroy();
    this.#grpc?.destroy();
    metrics.close();
    events.flush();
  }

  /** Unready at once; then the grace period, in which all is as before; then only what was accepted. */
  async #stop(reason: string): Promise<void> {
    const { events, jobs } = this.#parts;
    const { grace_ms: graceMs, timeout_ms: timeoutMs } = this.#config.shutdown;
    this.#isStopping = true;
    events.emit('serverStopping', { reason });
    if (this.server.listening) {
      this.#graceful.announceClosing();
      this.#grpc?.announceClosing();
      await pause(graceMs);
    }
    const isListening = this.server.listening;
    if (isListening) await this.#graceful.stopListening();
    const edges = isListening ? [this.#graceful.close(), this.#grpc?.close()] : [];
    await within(timeoutMs, Promise.all([jobs.close(), ...edges]));
    events.emit('serverStopped', { reason });
    this.destroy();
  }

  #routes(): Route[] {
    const { control, edge, events, jobs, metrics, models, v2 } = this.#parts;
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
        metrics: () => {
          events.flush();
          return metrics.scrape();
        },
      }),
      ...documentationRoutes(version),
    ];
  }
}

/** @throws Error if the server does not listen */
function urlOf(server: Server): string {
  const address = server.address() as AddressInfo | null;
  if (address === null) throw new Error('the server does not listen yet');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${server instanceof TlsServer ? 'https' : 'http'}://${host}:${address.port}`;
}
