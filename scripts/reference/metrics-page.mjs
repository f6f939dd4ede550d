// docs/metrics.md: what GET /metrics tells.
import { serverConfigSchema } from '#src/config.js';
import { metricTable } from '#src/observe/metric-table.js';
import { tritonMetricTable } from '#src/observe/triton-metric-table.js';
import { block, code, page, table } from './markdown.mjs';

/** Metrics by what they are about; each stands in one group. */
const groups = {
  'HTTP requests': ['httpRequests', 'httpDuration'],
  'gRPC calls': ['grpcCalls', 'grpcDuration'],
  Jobs: ['jobs', 'jobPhases', 'rejections', 'jobsInFlight'],
  Queues: ['queueRows', 'queueOldest', 'acceptedRows', 'acceptedBytes', 'batcherRows'],
  'Steps of pipelines': ['stepItemsWaiting', 'stepThreadsBusy'],
  Batches: [
    'batches',
    'rows',
    'batchRows',
    'batchRowLimit',
    'batchCompute',
    'splitRequests',
    'splitParts',
    'inputElements',
    'paddingElements',
  ],
  'Executions that fail': ['bisections', 'retries', 'culprits', 'quarantines'],
  'Work for nobody, and faults': ['wastedRows', 'wastedSeconds', 'stalls', 'violations'],
  'Models and instances': [
    'modelState',
    'modelInfo',
    'instances',
    'instanceCrashes',
    'instanceRestarts',
    'instanceRecycles',
    'instanceMemory',
    'threadsGivenUp',
  ],
  'Loading and memory': [
    'modelMemory',
    'memoryBudget',
    'modelLoads',
    'modelLoadDuration',
    'modelUnloads',
    'loadWaitingRows',
  ],
  'The server itself': ['eventLoopLag', 'observerFailures', 'eventsDropped'],
};

const labelTexts = {
  method: 'The HTTP method; over gRPC the method, such as `ModelInfer`, with its service where that is another',
  route: 'The path with the names of its parameters, such as `/models/:name`; `unmatched` for a path that is none',
  status: 'The HTTP status, 499 if the client left before the answer; over gRPC the name of the status, such as `OK`',
  model: 'The name of a model of the repository',
  version: 'Its version',
  outcome: '`succeeded`, or an [error code](errors.md); of a load `succeeded` or `failed`',
  phase: '`queue`, `preprocess`, `inference`, `postprocess`, and `total`, which also holds what lies between them',
  reason: 'An [error code](errors.md); of an instance that was replaced: `runs`, `memory` or `errors`',
  cause:
    'Of a lost instance: `crash`; `timeout`, for an execution that took too long, whose process was killed or whose thread was given up; `load`, for one that could not be started again. Of a model: `evicted`, `expired`, `unloaded`, `replaced`, or `failed` for one that was given up while it served',
  instance: 'The name of an instance, such as `penguins/1#0`',
  stage: '`input`, `infer` or `output`',
  state: '`LOADING`, `READY`, `UNLOADING`, `EVICTED` or `UNAVAILABLE`: [models.md](models.md#states)',
  execution_provider: 'What the model really runs on: `cpu`, `cuda` …',
  batched: '`true`, or `false` for a model whose requests run one at a time',
  stat: '`p50`, `p99` or `max`',
  observer: 'The name of the observer',
};

const queries = {
  'Predictions a second': 'sum by (model) (rate(millrace_jobs_total{outcome="succeeded"}[5m]))',
  'The time that 99 of 100 jobs stay under':
    'histogram_quantile(0.99, sum by (model, le) (rate(millrace_job_phase_seconds_bucket{phase="total"}[5m])))',
  'Rows of a batch, on average':
    'sum by (model) (rate(millrace_batch_rows_sum[5m])) / sum by (model) (rate(millrace_batch_rows_count[5m]))',
  'The share of padding in the inputs of models with shape buckets':
    'sum by (model) (rate(millrace_bucket_padding_elements_total[5m])) / sum by (model) (rate(millrace_bucket_elements_total[5m]))',
  'Jobs turned away a second': 'sum by (model, reason) (rate(millrace_rejections_total[5m]))',
  'Model versions that cannot be used': 'millrace_model_state{state="UNAVAILABLE"} == 1',
};

export function metricsPage() {
  const { host, port } = serverConfigSchema.parse({});
  const introduction = `
\`GET /metrics\` answers in the text form of Prometheus. To scrape it:

${block('yaml', `scrape_configs:\n  - job_name: millrace\n    static_configs:\n      - targets: ["${host}:${port}"]`)}

Labels hold only what is in the repository and in the code: nothing that a client makes up becomes a label, so their
number stays bounded. Beside the metrics below there are those of the process and of Node.js, \`process_…\` and
\`nodejs_…\`, as [prom-client](https://github.com/siimon/prom-client) gives them.`;
  return page('Metrics', introduction, ...grouped(), triton(), labels(), buckets(), useful());
}

/** @throws Error if a metric stands in no group or in two, or a group has one that is none */
function grouped() {
  const keys = Object.values(groups).flat();
  const strays = [...new Set([...Object.keys(metricTable), ...keys])].filter((key) => {
    return !Object.hasOwn(metricTable, key) || keys.filter((each) => each === key).length !== 1;
  });
  if (strays.length > 0) throw new Error(`each metric belongs into one group: ${strays.join(', ')}`);
  return Object.entries(groups).map(([name, members]) => {
    const rows = members.map((key) => {
      const { name: metric, type, labels: names, help } = metricTable[key];
      return [code(metric), type, names.map(code).join(', '), help];
    });
    return `## ${name}\n\n${table(['Metric', 'Type', 'Labels', 'Meaning'], rows)}`;
  });
}

function triton() {
  const rows = Object.values(tritonMetricTable).map(({ name, type, labels: names, help }) => {
    return [code(name), type, names.map(code).join(', '), help];
  });
  const introduction = `With \`metrics.triton: true\` (\`MILLRACE_METRICS__TRITON\`) the same is told under the names that Triton has for it
besides, so that its dashboards and alerts go on working: only model versions that are loaded are there, and \`reason\` is
\`REJECTED\`, \`CANCELED\`, \`BACKEND\` or \`OTHER\`. \`metrics.port: 8002\` opens a second port that answers \`GET /metrics\`
alone, on the same address, with the same keys and the same certificate.`;
  return `## Triton's names\n\n${introduction}\n\n${table(['Metric', 'Type', 'Labels', 'Meaning'], rows)}`;
}

/** @throws Error if a label is not described */
function labels() {
  const names = [...new Set(Object.values(metricTable).flatMap(({ labels: each }) => each))];
  const rows = names.map((name) => {
    if (labelTexts[name] === undefined) throw new Error(`the label ${name} is not described`);
    return [code(name), labelTexts[name]];
  });
  return `## Labels\n\n${table(['Label', 'Values'], rows)}`;
}

function buckets() {
  const rows = Object.values(metricTable)
    .filter(({ type }) => type === 'histogram')
    .map(({ name, buckets: bounds }) => [code(name), bounds.join(', ')]);
  return `## Buckets\n\n${table(['Histogram', 'Upper bounds; +Inf besides'], rows)}`;
}

function useful() {
  const parts = Object.entries(queries).map(([title, query]) => `${title}:\n\n${block('promql', query)}`);
  return `## Useful queries\n\n${parts.join('\n\n')}`;
}
