import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { errorTable, reasonOf } from '../core/errors.js';
import type { EventMap, Observer } from '../core/events.js';

export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Lines about failures of one kind in one second; the rest is counted in the next one. */
const FAILURES_PER_SECOND = 5;

/**
 * Writes events as JSON lines. What an operator must know is `info` and above: models, instances, start and stop,
 * and requests that the server failed. Requests that went well, or that the client got wrong, are `debug`: under
 * load they are thousands a second.
 */
export function createLogObserver(level: LogLevel, destination?: DestinationStream): Observer {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  const failures = new FailureLimit();
  return {
    name: 'log',
    on: {
      serverNotice: ({ notice }) => log.warn(notice),
      filesReloaded: (event) => log.info(event, 'files read again'),
      reloadFailed: (event) => log.error(event, 'files have changed and cannot be used; what was read before stays'),
      serverListening: ({ url }) => log.info({ url }, 'listening'),
      metricsListening: ({ url }) => log.info({ url }, 'listening for metrics'),
      grpcListening: ({ address }) => log.info({ address }, 'listening for gRPC'),
      serverStopping: ({ reason }) => log.info({ reason }, 'stopping: finishing what was accepted'),
      serverStopped: ({ reason }) => log.info({ reason }, 'stopped'),
      modelStateChanged: ({ model, version, from, to, reason }) => {
        const text = `model ${to.toLowerCase()}`;
        const isUnload = to === 'UNLOADING' || from === 'UNLOADING';
        if (from === undefined && to === 'EVICTED') log.info({ model, version }, 'model loads on request');
        else if (isUnload) log.debug({ model, version }, text);
        else if (to === 'UNAVAILABLE') log.error({ model, version, reason }, text);
        else log.info({ model, version }, text);
      },
      modelNotice: ({ model, version, notice }) => log.warn({ model, version }, notice),
      modelLoaded: ({ model, version, durationMs, memoryBytes, isReload }) => {
        const text = isReload ? 'model loaded, in the place of another' : 'model loaded';
        log.info({ model, version, durationMs: Math.round(durationMs), memoryBytes }, text);
      },
      modelLoadFailed: ({ isReload, ...event }) => {
        if (isReload) log.error(event, 'model not replaced: the new one could not be loaded');
      },
      modelUnloaded: (event) => log.info(event, `model ${event.cause}`),
      instanceStarted: (event) => log.debug(event, 'instance started'),
      instanceCrashed: (event) => log.error(event, 'instance crashed'),
      instanceRecycled: (event) => log.info(event, 'instance replaced'),
      instanceSpoke: (event) => log.warn(event, 'instance output'),
      batchExecuted: (event) => {
        if (event.outcome === 'succeeded') return;
        const kind = `batch ${event.model} ${event.version} ${event.outcome}`;
        if (failures.mayLog(kind)) log.warn({ ...event, ...failures.suppressed(kind) }, 'batch failed');
      },
      culpritFound: (event) => {
        const isQuarantined = event.refusedForMs !== undefined;
        log[isQuarantined ? 'warn' : 'debug'](event, isQuarantined ? 'input quarantined' : 'input fails by itself');
      },
      batcherStalled: (event) => log.warn(event, 'requests wait and nothing moves'),
      invariantViolated: (event) => log.error(event, 'a fault of the server'),
      jobSettled: ({ model, version, jobId, outcome, reason }) => {
        // An execution that failed has told of itself.
        if (outcome !== 'STEP_FAILED' && outcome !== 'INTERNAL') return;
        const line = { model, version, jobId, code: outcome, reason };
        if (failures.mayLog(`job ${outcome}`))
          log.warn({ ...line, ...failures.suppressed(`job ${outcome}`) }, 'job failed');
      },
      observerFailed: (event) => log.error(event, 'observer failed'),
      requestSettled: (event) => logRequest(log, event, failures),
      callSettled: (event) => logRequest(log, event, failures),
    },
  };
}

/** Of a request over HTTP or a call over gRPC. */
function logRequest(
  log: Logger,
  event: EventMap['requestSettled'] | EventMap['callSettled'],
  failures: FailureLimit,
): void {
  const { requestId, traceparent, remote, tenant, method, status, code, cause, durationMs } = event;
  const isFailure = code !== undefined && errorTable[code].http >= 500;
  if (!isFailure && !log.isLevelEnabled('debug')) return;
  const line = {
    requestId,
    ...(traceparent === undefined ? {} : { traceparent }),
    remote,
    ...(tenant === undefined ? {} : { tenant }),
    method,
    ...('route' in event ? { route: event.route } : {}),
    status,
    ...(code === undefined ? {} : { code }),
    durationMs: Math.round(durationMs * 1e3) / 1e3,
    ...(cause === undefined
      ? {}
      : { cause: cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause) }),
  };
  if (!isFailure) log.debug(line, 'request');
  else if (failures.mayLog(code)) log.warn({ ...line, ...failures.suppressed(code) }, 'request failed');
}

/** Keeps a storm of failures from becoming a storm of lines. */
class FailureLimit {
  readonly #seconds = new Map<string, { second: number; lines: number; suppressed: number }>();

  mayLog(code: string): boolean {
    const second = Math.floor(performance.now() / 1e3);
    const state = this.#seconds.get(code) ?? { second, lines: 0, suppressed: 0 };
    this.#seconds.set(code, state);
    if (state.second !== second) {
      state.second = second;
      state.lines = 0;
    }
    state.lines += 1;
    if (state.lines <= FAILURES_PER_SECOND) return true;
    state.suppressed += 1;
    return false;
  }

  /** How many were left out since the last line of this code. */
  suppressed(code: string): { suppressed?: number } {
    const state = this.#seconds.get(code);
    if (state === undefined || state.suppressed === 0) return {};
    const { suppressed } = state;
    state.suppressed = 0;
    return { suppressed };
  }
}
