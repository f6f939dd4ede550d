import type { Clock, Timer } from '../core/clock.js';
import { MillraceError } from '../core/errors.js';
import { contextOf } from './call-context.js';
import { statusOf } from './grpc-status.js';
import { type Method, type StreamHandler, unary } from './method.js';

/** How often the readiness is looked at while somebody watches it. */
const LOOK_EVERY_MS = 1_000;

/** The numbers of grpc.health.v1.HealthCheckResponse.ServingStatus. */
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

export interface HealthOptions {
  readonly clock: Clock;
  /** Whether the server can do what it is there for. */
  readonly isReady: () => boolean;
  /** The services that there are; all are as ready as the server is. */
  readonly services: readonly string[];
  /** Aborts when the server ends streams that would not end by themselves. */
  readonly stopping: AbortSignal;
}

interface HealthCheckRequest {
  readonly service: string;
}

/** The health checking protocol (grpc.health.v1): of the server, whose name is empty, and of its services. */
export function healthMethods(options: HealthOptions): Readonly<Record<string, Method>> {
  const known = ['', ...options.services];
  const status = () => (options.isReady() ? SERVING : NOT_SERVING);
  return {
    Check: unary('public', (request) => {
      const { service } = request as HealthCheckRequest;
      if (known.includes(service)) return { status: status() };
      const details = { path: 'service', expected: options.services.join(', '), got: service.slice(0, 128) };
      throw new MillraceError('NAME_NOT_FOUND', 'The server has no such service.', details);
    }),
    List: unary('public', () => ({ statuses: Object.fromEntries(known.map((name) => [name, { status: status() }])) })),
    Watch: {
      kind: 'stream',
      scope: 'public',
      handle: watch((name) => (known.includes(name) ? status() : SERVICE_UNKNOWN), options),
    },
  };
}

/** Tells a status now, and then each time when it is another. */
function watch(statusOfService: (name: string) => number, { clock, stopping }: HealthOptions): StreamHandler {
  return (call) => {
    const context = contextOf(call.metadata);
    const request = 'request' in call ? (call.request as HealthCheckRequest | MillraceError) : undefined;
    const end = (error: MillraceError) => {
      context.error = error;
      call.emit('error', statusOf(error, context.id));
    };
    if (request === undefined || request instanceof MillraceError) {
      end(request ?? new MillraceError('INVALID_REQUEST', 'The call holds no request.'));
      return;
    }
    let told: number | undefined;
    let timer: Timer | undefined;
    const look = () => {
      const status = statusOfService(request.service);
      if (status !== told) call.write({ status });
      told = status;
      timer = clock.after(LOOK_EVERY_MS, look);
    };
    const stop = () => {
      look();
      timer?.cancel();
      end(new MillraceError('SHUTTING_DOWN', 'The server is shutting down.'));
    };
    look();
    stopping.addEventListener('abort', stop);
    call.on('cancelled', () => {
      timer?.cancel();
      stopping.removeEventListener('abort', stop);
    });
  };
}
