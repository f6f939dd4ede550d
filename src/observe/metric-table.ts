/** One metric as it is declared: everything that Prometheus is told of it. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: `millrace_${string}` | `nv_${string}`;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const MODEL = ['model', 'version'] as const;
/** From a tenth of a millisecond to ten seconds, three steps to the decade. */
const SECONDS = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/**
 * Every metric of the server, in one table. Labels are bounded: models and versions are those of the repository,
 * routes and codes those of the code; nothing that a client makes up becomes a label.
 */
export const metricTable = {
  httpRequests: metric('counter', 'millrace_http_requests_total', 'HTTP requests by what was answered', [
    'method',
    'route',
    'status',
  ]),
  httpDuration: metric(
    'histogram',
    'millrace_http_request_duration_seconds',
    'From the headers of a request to the end of its answer',
    ['route'],
    SECONDS,
  ),
  grpcCalls: metric('counter', 'millrace_grpc_calls_total', 'gRPC calls by the status that they ended with', [
    'method',
    'status',
  ]),
  grpcDuration: metric(
    'histogram',
    'millrace_grpc_call_duration_seconds',
    'From the metadata of a gRPC call to its status',
    ['method'],
    SECONDS,
  ),
  jobs: metric('counter', 'millrace_jobs_total', 'Jobs that settled, by outcome: succeeded, or the code of the error', [
    ...MODEL,
    'outcome',
  ]),
  jobPhases: metric(
    'histogram',
    'millrace_job_phase_seconds',
    'What jobs that succeeded spent in each phase, and in total',
    [...MODEL, 'phase'],
    SECONDS,
  ),
  rejections: metric('counter', 'millrace_rejections_total', 'Jobs that were not accepted, by the code of the error', [
    ...MODEL,
    'reason',
  ]),
  rows: metric('counter', 'millrace_rows_total', 'Rows that were executed', MODEL),
  batches: metric('counter', 'millrace_batches_total', 'Executions by outcome: succeeded, or the code of the error', [
    ...MODEL,
    'outcome',
  ]),
  batchRows: metric('histogram', 'millrace_batch_rows', 'Rows of one execution', MODEL, ROWS),
  batchCompute: metric(
    'histogram',
    'millrace_batch_compute_seconds',
    'What one execution spent on the way in, in the model, and on the way out',
    [...MODEL, 'stage'],
    SECONDS,
  ),
  bisections: metric(
    'counter',
    'millrace_bisections_total',
    'Failed executions that were divided to find the culprit, by the code of the error',
    [...MODEL, 'reason'],
  ),
  retries: metric(
    'counter',
    'millrace_retries_total',
    'Executions that were owed to the requests of failed ones, by the code of the error',
    [...MODEL, 'reason'],
  ),
  culprits: metric(
    'counter',
    'millrace_culprits_total',
    'Inputs that made an execution fail by themselves, by the code of the error',
    [...MODEL, 'reason'],
  ),
  quarantines: metric(
    'counter',
    'millrace_quarantines_total',
    'Inputs that ended instances by themselves, and are refused for a while',
    MODEL,
  ),
  batchRowLimit: metric(
    'gauge',
    'millrace_batch_row_limit',
    'Rows of one batch, at most: fewer than it may hold while many batches fail',
    MODEL,
  ),
  splitRequests: metric(
    'counter',
    'millrace_split_requests_total',
    'Requests of more rows than a batch, which ran in several executions',
    MODEL,
  ),
  splitParts: metric('counter', 'millrace_split_parts_total', 'The executions that such requests took part in', MODEL),
  inputElements: metric(
    'counter',
    'millrace_bucket_elements_total',
    'Elements of input tensors of models with shape buckets, padding included',
    MODEL,
  ),
  paddingElements: metric('counter', 'millrace_bucket_padding_elements_total', 'Those of them that are padding', MODEL),
  wastedRows: metric(
    'counter',
    'millrace_wasted_rows_total',
    'Rows that ran to their end while nobody waited for them any more',
    MODEL,
  ),
  wastedSeconds: metric(
    'counter',
    'millrace_wasted_seconds_total',
    'Time of executions that went into such rows',
    MODEL,
  ),
  stalls: metric(
    'counter',
    'millrace_batcher_stalls_total',
    'Times that requests waited for five seconds in which nothing was begun or finished; the log says why',
    MODEL,
  ),
  violations: metric(
    'counter',
    'millrace_invariant_violations_total',
    'Times that the server found itself in a state that it must never be in; anything but 0 is a fault to report',
    [],
  ),
  queueRows: metric('gauge', 'millrace_queue_rows', 'Rows that wait in the queue of the model', MODEL),
  queueOldest: metric(
    'gauge',
    'millrace_queue_oldest_seconds',
    'How long the oldest job in the queue has waited',
    MODEL,
  ),
  acceptedRows: metric('gauge', 'millrace_accepted_rows', 'Rows accepted and not settled, waiting or running', MODEL),
  acceptedBytes: metric('gauge', 'millrace_accepted_bytes', 'Bytes of input tensors accepted and not settled', MODEL),
  batcherRows: metric('gauge', 'millrace_batcher_rows', 'Rows in the buffer of the batcher', MODEL),
  jobsInFlight: metric('gauge', 'millrace_jobs_in_flight', 'Jobs accepted and not settled, of all models', []),
  stepItemsWaiting: metric('gauge', 'millrace_step_items_waiting', 'Items that wait for a thread for their steps', []),
  stepThreadsBusy: metric('gauge', 'millrace_step_threads_busy', 'Threads that run steps of pipelines', []),
  modelState: metric(
    'gauge',
    'millrace_model_state',
    '1 for the state that the model version is in, 0 for the others',
    [...MODEL, 'state'],
  ),
  modelInfo: metric(
    'gauge',
    'millrace_model_info',
    'Always 1; the labels say on which execution provider the model runs and whether it is batched',
    [...MODEL, 'execution_provider', 'batched'],
  ),
  modelMemory: metric(
    'gauge',
    'millrace_model_memory_bytes',
    'What the model version is estimated to take in memory; 0 while it is not loaded',
    MODEL,
  ),
  memoryBudget: metric('gauge', 'millrace_memory_budget_bytes', 'What all loaded models may take together', []),
  modelLoads: metric('counter', 'millrace_model_loads_total', 'Loads by outcome: succeeded or failed', [
    ...MODEL,
    'outcome',
  ]),
  modelLoadDuration: metric(
    'histogram',
    'millrace_model_load_seconds',
    'What it took to load, probe and warm up the model version',
    MODEL,
    SECONDS,
  ),
  modelUnloads: metric(
    'counter',
    'millrace_model_unloads_total',
    'Unloads by cause: evicted, expired, unloaded, replaced, failed',
    [...MODEL, 'cause'],
  ),
  loadWaitingRows: metric(
    'gauge',
    'millrace_load_waiting_rows',
    'Rows of requests that wait for the model version to load',
    MODEL,
  ),
  instances: metric('gauge', 'millrace_instances', 'Instances that are live', MODEL),
  instanceCrashes: metric(
    'counter',
    'millrace_instance_crashes_total',
    'Instances that ended without being told to or could not be started again, by cause',
    [...MODEL, 'cause'],
  ),
  instanceRestarts: metric(
    'counter',
    'millrace_instance_restarts_total',
    'Instances that were started again after a crash',
    MODEL,
  ),
  instanceRecycles: metric(
    'counter',
    'millrace_instance_recycles_total',
    'Instances that were replaced while they worked, by reason: runs, memory, errors',
    [...MODEL, 'reason'],
  ),
  instanceMemory: metric(
    'gauge',
    'millrace_instance_resident_bytes',
    'Physical memory of an instance that is a process, as of its last execution',
    [...MODEL, 'instance'],
  ),
  threadsGivenUp: metric(
    'gauge',
    'millrace_threads_given_up',
    'Threads of instances that were ended and have not come back from native code',
    [],
  ),
  eventLoopLag: metric(
    'gauge',
    'millrace_event_loop_lag_seconds',
    'By how much the event loop was late since the last scrape: p50, p99, max',
    ['stat'],
  ),
  observerFailures: metric('counter', 'millrace_observer_failures_total', 'Events that an observer threw at', [
    'observer',
  ]),
  eventsDropped: metric(
    'counter',
    'millrace_events_dropped_total',
    'Events that an observer did not get: it was too slow, or they were too many',
    [],
  ),
} as const satisfies Record<string, MetricSpec>;

export type MetricKey = keyof typeof metricTable;

function metric(
  type: MetricSpec['type'],
  name: MetricSpec['name'],
  help: string,
  labels: readonly string[],
  buckets?: readonly number[],
): MetricSpec {
  return { type, name, help, labels, ...(buckets === undefined ? {} : { buckets }) };
}
