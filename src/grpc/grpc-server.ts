import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Server as CallServer, type ConnectionInjector, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';
import type { EventSink } from '../core/events.js';
import { Handshakes } from '../core/handshakes.js';
import type { IdSource } from '../core/ids.js';
import { type Admit, callGate } from './call-gate.js';
import { describeFile } from './file-descriptors.js';
import type { GrpcConfig } from './grpc-config.js';
import { healthMethods } from './health.js';
import { readInferMessage } from './infer-message.js';
import { type InferenceBackend, inferenceMethods } from './inference-methods.js';
import type { CallScope, Method } from './method.js';
import { healthProtocol, inferenceProtocol, reflectionProtocols } from './proto-files.js';
import { reflectionMethods } from './reflection.js';
import { definitionOf, type MessageReader } from './service-definition.js';

export interface GrpcOptions {
  readonly config: Omit<GrpcConfig, 'port'>;
  readonly limits: EdgeLimits;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly ids: IdSource;
  readonly admit: Admit;
  /** Undefined for a server without TLS. */
  readonly certificate: ChangingCertificate | undefined;
  readonly isReady: () => boolean;
  readonly backend: InferenceBackend;
}

/** Sizes in bytes, times in milliseconds. */
export interface EdgeLimits {
  readonly body_bytes: number;
  readonly connections: number;
  readonly headers_timeout_ms: number;
}

/** A certificate and its private key, both in PEM, and the news of those that take their place. */
export interface ChangingCertificate {
  readonly value: TlsCertificate;
  onChange(run: (next: TlsCertificate) => void): void;
}

interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
}

/** A service that is there: where its messages are described, and its methods. */
interface Service {
  readonly name: string;
  readonly root: Parameters<typeof definitionOf>[0];
  readonly methods: Readonly<Record<string, Method>>;
  readonly readers?: Readonly<Record<string, MessageReader>>;
}

const INFERENCE = 'inference.GRPCInferenceService';
const HEALTH = 'grpc.health.v1.Health';
/** Messages that are read with less than protobufjs takes. */
const readers = { ModelInfer: readInferMessage, ModelStreamInfer: readInferMessage };
/** The longest that a timer of Node's takes: connections that were asked to leave are not cut off by grpc-js. */
const FOR_EVER_MS = 2_147_483_647;

/**
 * The gRPC edge: the V2 service, health and reflection on an address of their own. It listens itself and hands
 * connections to grpc-js, which can neither bound their number nor stop listening before it stops answering.
 */
export class GrpcServer {
  readonly #calls: CallServer;
  readonly #injector: ConnectionInjector;
  readonly #listener: Server;
  readonly #handshakes: Handshakes;
  readonly #sockets = new Set<Socket>();
  readonly #stopping = new AbortController();

  constructor(options: GrpcOptions) {
    const { config, limits } = options;
    const services = servicesOf(options, this.#stopping.signal);
    this.#calls = new CallServer({
      'grpc.max_receive_message_length': limits.body_bytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': config.concurrent_streams,
      'grpc.keepalive_time_ms': config.keepalive_ms,
      'grpc.keepalive_timeout_ms': config.keepalive_timeout_ms,
      // For grpc-js's own debugging; it counts every message.
      'grpc.enable_channelz': 0,
      interceptors: [callGate({ ...options, scopes: scopesOf(services) })],
    });
    for (const { root, name, methods, readers } of services) {
      const handlers = Object.fromEntries(Object.entries(methods).map(([method, { handle }]) => [method, handle]));
      this.#calls.addService(definitionOf(root, name, readers), handlers);
    }
    // TLS, where there is any, has been spoken before a connection comes there.
    this.#injector = this.#calls.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = createListener(options, (socket) => this.#take(socket));
    this.#listener.maxConnections = limits.connections;
    this.#handshakes = new Handshakes(this.#listener);
  }

  /** `host:port`, while the server listens. */
  get address(): string | undefined {
    const listening = this.#listener.address() as AddressInfo | null;
    if (listening === null) return undefined;
    const { address, family, port } = listening;
    return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * Listens.
   *
   * @throws Error of Node's if that is not possible
   */
  async listen(port: number, host: string): Promise<void> {
    this.#listener.listen(port, host);
    await once(this.#listener, 'listening');
  }

  /** Asks the clients that are connected to connect anew, perhaps elsewhere; calls are answered as before. */
  announceClosing(): void {
    this.#injector.drain(FOR_EVER_MS);
  }

  /** Takes no more connections or calls, lets those that are there be answered, and settles when no connection is left. */
  async close(): Promise<void> {
    const closed = this.#stopListening();
    this.#handshakes.destroy();
    this.#stopping.abort();
    // It does not wait for the connections that were asked to close before: their end is what to wait for.
    this.#calls.tryShutdown(() => undefined);
    await closed;
  }

  /** Ends all connections, at once. */
  destroy(): void {
    void this.#stopListening();
    this.#handshakes.destroy();
    this.#calls.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }

  #stopListening(): Promise<void> {
    return new Promise((resolve) => this.#listener.close(() => resolve()));
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    this.#injector.injectConnection(socket);
  }
}

function createListener({ certificate, limits }: GrpcOptions, take: (socket: Socket) => void): Server {
  if (certificate === undefined) return createServer({ noDelay: true }, take);
  const handshake = { ALPNProtocols: ['h2'], handshakeTimeout: limits.headers_timeout_ms };
  const server = createTlsServer({ ...certificate.value, ...handshake, noDelay: true }, take);
  certificate.onChange((next) => server.setSecureContext(next));
  return server;
}

function servicesOf(options: GrpcOptions, stopping: AbortSignal): Service[] {
  const { clock, isReady, backend, config } = options;
  const edge = { clock, isReady, stopping };
  const health = healthMethods({ ...edge, services: [INFERENCE, HEALTH] });
  const files = [inferenceProtocol, healthProtocol, ...reflectionProtocols].map(describeFile);
  const reflection = reflectionMethods(files);
  return [
    { root: inferenceProtocol, name: INFERENCE, methods: inferenceMethods(backend, edge), readers },
    { root: healthProtocol, name: HEALTH, methods: health },
    ...(config.reflection ? reflectionProtocols : []).map((root, index) => {
      const version = index === 0 ? 'v1' : 'v1alpha';
      return { root, name: `grpc.reflection.${version}.ServerReflection`, methods: reflection };
    }),
  ];
}

function scopesOf(services: readonly Service[]): Map<string, CallScope> {
  return new Map(
    services.flatMap(({ name, methods }) => {
      return Object.entries(methods).map(([method, { scope }]) => [`/${name}/${method}`, scope] as const);
    }),
  );
}
