import type { MetricSpec } from './metric-table.js';

const MODEL = ['model', 'version'] as const;

/**
 * Metrics under the names that Triton has for them (docs/user_guide/metrics.md of its server), told besides where
 * `metrics.triton` is set. Durations are sums in microseconds, and counters lack `_total`: so it is there.
 */
export const tritonMetricTable = {
  success: counter('nv_inference_request_success', 'Requests that succeeded'),
  failure: {
    ...counter('nv_inference_request_failure', 'Requests that did not'),
    labels: [...MODEL, 'reason'],
  },
  rows: counter('nv_inference_count', 'Rows of requests that succeeded'),
  executions: counter('nv_inference_exec_count', 'Executions that succeeded'),
  pending: gauge(
    'nv_inference_pending_request_count',
    'Requests that wait for the model, as rows once they are taken in',
  ),
  requestTime: counter('nv_inference_request_duration_us', 'Microseconds from the acceptance of requests to their end'),
  queueTime: counter('nv_inference_queue_duration_us', 'Microseconds in queues'),
  inputTime: counter('nv_inference_compute_input_duration_us', 'Microseconds on the way into the model'),
  inferTime: counter('nv_inference_compute_infer_duration_us', 'Microseconds in the model'),
  outputTime: counter('nv_inference_compute_output_duration_us', 'Microseconds on the way out of the model'),
  loadTime: gauge('nv_model_load_duration_secs', 'Seconds that loading took, warm-up included'),
} as const satisfies Record<string, MetricSpec>;

export type TritonMetricKey = keyof typeof tritonMetricTable;

function counter<Name extends MetricSpec['name']>(name: Name, help: string) {
  return { type: 'counter', name, help, labels: MODEL } as const;
}

function gauge<Name extends MetricSpec['name']>(name: Name, help: string) {
  return { type: 'gauge', name, help, labels: MODEL } as const;
}
