import type { ErrorCode } from './errors.js';

/** A model version, as every event, metric and log line names it. */
export interface ModelRef {
  readonly model: string;
  readonly version: string;
}

/** Milliseconds that one job spent in each phase; `total` also holds what lies between them. */
export interface Timings {
  queue: number;
  preprocess: number;
  inference: number;
  postprocess: number;
  total: number;
}

/** Why an instance was lost: it ended by itself, an execution took too long, or it could not be started again. */
export type CrashCause = 'crash' | 'timeout' | 'load';

/** EVICTED is not loaded but serves all the same: a request for it loads it. UNAVAILABLE has a reason, and refuses. */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'EVICTED' | 'UNAVAILABLE';

/** Why a model version gave its memory back; `failed` is one that was given up while it served. */
export type UnloadCause = 'evicted' | 'expired' | 'unloaded' | 'replaced' | 'failed';

/**
 * All that happens, by name. The payloads are values, never live objects: an observer can neither change nor
 * outlive the thing that it is told of. Times in milliseconds.
 */
export interface EventMap {
  requestReceived: { requestId: string; method: string };
  requestSettled: {
    requestId: string;
    traceparent: string | undefined;
    method: string;
    route: string;
    status: number;
    code: ErrorCode | undefined;
    cause: unknown;
    durationMs: number;
    /** The client's address; empty where the connection has none. */
    remote: string;
    /** Whose key the request brought; undefined where none was asked for, or it was not let in. */
    tenant: string | undefined;
  };
  /** A gRPC call has ended. */
  callSettled: {
    requestId: string;
    traceparent: string | undefined;
    /** Such as `ModelInfer`: one of those that the server has. */
    method: string;
    /** The name of the status, such as `OK`. */
    status: string;
    code: ErrorCode | undefined;
    cause: unknown;
    durationMs: number;
    remote: string;
    tenant: string | undefined;
  };
  jobQueued: ModelRef & { jobId: string; rows: number };
  jobRejected: ModelRef & { jobId: string; rows: number; code: ErrorCode };
  jobSettled: ModelRef & {
    jobId: string;
    rows: number;
    outcome: 'succeeded' | ErrorCode;
    /** What happened underneath, of a job that failed through no fault of its input. For logs alone. */
    reason: string | undefined;
    timings: Timings;
  };
  batchFormed: ModelRef & { batchId: number; rows: number; jobs: number; instance: string };
  batchExecuted: ModelRef & {
    batchId: number;
    rows: number;
    outcome: 'succeeded' | ErrorCode;
    reason: string | undefined;
    computeInputMs: number;
    computeInferMs: number;
    computeOutputMs: number;
  };
  /** An execution failed, and its requests run again in so many groups: to find the culprit, or in another instance. */
  executionRetried: ModelRef & { batchId: number; code: ErrorCode; groups: number };
  /**
   * One input alone made an execution fail. `digest` tells inputs apart, where it is known; `refusedForMs` is for how
   * long the same input is not run, if it ended instances.
   */
  culpritFound: ModelRef & { code: ErrorCode; digest: string | undefined; refusedForMs: number | undefined };
  /** A request of more rows than a batch has run in so many executions. */
  requestSplit: ModelRef & { rows: number; executions: number };
  /** A request of a model with shape buckets: elements of its inputs, and how many of them are padding. */
  requestPadded: ModelRef & { elements: number; padding: number };
  /** Rows ran to their end while nobody waited for them any more. `ms` is their share of the execution's time. */
  workWasted: ModelRef & { rows: number; ms: number };
  /** Requests wait, and nothing has been begun or finished for a while. `state` is the batcher's, as JSON, for logs. */
  batcherStalled: ModelRef & { reason: string; state: string };
  /** Something happened that must never happen: a fault of the server, of which it has made the best. */
  invariantViolated: ModelRef & { what: string };
  modelStateChanged: ModelRef & { from: ModelState | undefined; to: ModelState; reason: string | undefined };
  modelNotice: ModelRef & { notice: string };
  /** A version is READY; in place of another of the same number if `isReload`. */
  modelLoaded: ModelRef & { durationMs: number; memoryBytes: number; isReload: boolean };
  modelLoadFailed: ModelRef & { reason: string; isReload: boolean };
  /** What a version held is free again. */
  modelUnloaded: ModelRef & { cause: UnloadCause; memoryBytes: number; residentMs: number };
  instanceStarted: ModelRef & { instance: string; provider: string; loadMs: number };
  instanceCrashed: ModelRef & {
    instance: string;
    reason: string;
    cause: CrashCause;
    restartInMs: number | undefined;
  };
  /** An instance was replaced by a new one because of its `runs`, the `memory` it holds, or its `errors`. */
  instanceRecycled: ModelRef & { instance: string; reason: 'runs' | 'memory' | 'errors' };
  /** A line that an instance's own process wrote, or that there is to say about it. */
  instanceSpoke: ModelRef & { instance: string; text: string };
  observerFailed: { observer: string; event: EventName; reason: string };
  /** What was read from files has been read again, and is used from now on. */
  filesReloaded: { what: string };
  /** Files have changed and are of no use; what was read from them before stays. */
  reloadFailed: { what: string; reason: string };
  serverNotice: { notice: string };
  serverListening: { url: string };
  /** gRPC has an address of its own, `host:port`. */
  grpcListening: { address: string };
  metricsListening: { url: string };
  serverStopping: { reason: string };
  serverStopped: { reason: string };
}

export type EventName = keyof EventMap;

/** Something that watches. What it throws harms nobody; how slow it may be is what `maxLoopShare` says. */
export interface Observer {
  readonly name: string;
  readonly on: { readonly [Name in EventName]?: (event: EventMap[Name]) => unknown };
  /** At most this share of the event loop's time goes to the observer's handlers; without it any, as for the server's own. */
  readonly maxLoopShare?: number;
}

/** What the core does with events: it tells, and never knows who listens. */
export interface EventSink {
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void;
}

/** A sink for code that runs without observers. */
export const noEvents: EventSink = { emit: () => undefined };
