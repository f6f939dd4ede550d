import type { InferenceRequest } from '#src/batching/batch.js';
import type { InferenceResult } from '#src/batching/request-part.js';
import type { AbortSource } from '#src/core/abort.js';
import type { JobOutcome, JobProcessor, JobRequest } from '#src/jobs/job-request.js';
import { scaledRows } from './fake-model.js';

/** A request for a job, of one row unless `rows` says otherwise, and the outcomes that its endpoint gets. */
export function recordedJob({ rows = 1, ...overrides }: Partial<JobRequest> & { id: string; rows?: number }): {
  request: JobRequest;
  outcomes: JobOutcome[];
} {
  const outcomes: JobOutcome[] = [];
  const request: JobRequest = {
    tenant: undefined,
    input: scaledRows(Array.from({ length: rows }, (_, row) => [row])),
    endpoint: { kind: 'response', deliver: (outcome) => outcomes.push(outcome) },
    priority: 0,
    timeoutMs: 1000,
    receivedAt: 0,
    ...overrides,
  };
  return { request, outcomes };
}

/** One request on its way through a manual processor. */
export interface ManualCall {
  readonly request: InferenceRequest;
  readonly signal: AbortSource;
  succeed(result?: Partial<InferenceResult>): void;
  fail(error: Error): void;
}

/** A model that answers when the test says so, whatever its signals say. A row of its requests takes 8 bytes. */
export class ManualProcessor implements JobProcessor {
  readonly ref = { model: 'manual', version: '1' };
  limits: JobProcessor['limits'] = { queueRows: 100, queueBytes: 10_000 };
  concurrency = 100;
  /** All requests that came, in order. */
  readonly calls: ManualCall[] = [];

  infer(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    return new Promise((resolve, reject) => {
      const succeed = (result: Partial<InferenceResult> = {}) =>
        resolve({ outputs: {}, batchRows: 1, waitedMs: 0, inferenceMs: 0, ...result });
      this.calls.push({ request, signal, succeed, fail: reject });
    });
  }

  /** The rows of the requests that came, in order. */
  get rows(): number[] {
    return this.calls.map(({ request }) => request.rows);
  }

  call(index: number): ManualCall {
    const call = this.calls[index];
    if (call === undefined) throw new Error(`the model was called ${this.calls.length} times`);
    return call;
  }
}
