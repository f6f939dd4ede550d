import type { InferenceRequest } from '#src/batching/batch.js';
import { type BatchPolicy, greedyPolicy } from '#src/batching/batch-policy.js';
import { DynamicBatcher } from '#src/batching/dynamic-batcher.js';
import type { InferenceResult } from '#src/batching/request-part.js';
import type { ShapeBuckets } from '#src/batching/shape-buckets.js';
import type { AbortSource } from '#src/core/abort.js';
import type { Clock } from '#src/core/clock.js';
import { type EventMap, type EventSink, noEvents } from '#src/core/events.js';
import type { JobProcessor } from '#src/jobs/job-request.js';
import type { BatchAxes } from '#src/model/signature.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';
import { type FakeBatch, type FakeInstance, FakeInstances } from './fake-instances.js';

export interface FakeModelOptions {
  readonly clock: Clock;
  readonly events?: EventSink;
  readonly name?: string;
  readonly instances?: number;
  readonly maxBatchSize?: number;
  readonly splits?: boolean;
  readonly buckets?: ShapeBuckets;
  readonly fixedRows?: number;
  readonly retriesTimeouts?: boolean;
  readonly rejectNonFinite?: boolean;
  readonly policy?: BatchPolicy;
  /** Where the rows of `x` and `y` lie. */
  readonly axis?: 0 | 1;
  readonly concurrency?: number;
  readonly limits?: JobProcessor['limits'];
}

/**
 * A model of the real batcher and fake instances that computes y = x · scale + 0.5, where `scale` is an input that the
 * whole batch shares: a row that got another's answer, or another's scale, shows.
 */
export class FakeModel implements JobProcessor {
  readonly ref;
  readonly limits;
  concurrency: number;
  readonly instances: FakeInstances;
  readonly batcher: DynamicBatcher<FakeInstance>;
  /** What the batcher said must never happen, and did. */
  readonly violations: string[] = [];
  /** Rows of the requests on their way through the model. */
  rowsInModel = 0;

  constructor({ clock, events = noEvents, name = 'fake', instances = 1, axis = 0, ...options }: FakeModelOptions) {
    const { maxBatchSize = 4, splits = true, policy = greedyPolicy } = options;
    const { retriesTimeouts = false, rejectNonFinite = false } = options;
    const axes: BatchAxes = { inputs: { x: axis, scale: null }, outputs: { y: axis } };
    this.ref = { model: name, version: '1' };
    this.limits = options.limits ?? { queueRows: 1_000, queueBytes: 1_000_000 };
    this.concurrency = options.concurrency ?? 2 * instances * maxBatchSize;
    this.instances = new FakeInstances(instances, { compute, axes });
    this.batcher = new DynamicBatcher({
      ref: this.ref,
      axes,
      maxBatchSize,
      splits,
      buckets: options.buckets,
      fixedRows: options.fixedRows,
      retriesTimeouts,
      rejectNonFinite,
      policy,
      pool: this.instances,
      clock,
      events: {
        emit: (name, event) => {
          if (name === 'invariantViolated') this.violations.push((event as EventMap['invariantViolated']).what);
          events.emit(name, event);
        },
      },
    });
    this.instances.onIdle = () => this.batcher.wake();
  }

  async infer(request: InferenceRequest, signal: AbortSource): Promise<InferenceResult> {
    this.rowsInModel += request.rows;
    try {
      return await this.batcher.submit(request, signal);
    } finally {
      this.rowsInModel -= request.rows;
    }
  }
}

/** A request of these rows, all of one length; with axis 1 the rows lie in the columns. */
export function scaledRows(
  rows: readonly (readonly number[])[],
  { scale = 1, axis = 0 }: { scale?: number; axis?: 0 | 1 } = {},
): InferenceRequest {
  const width = rows[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, column) => rows.map((row) => row[column] as number));
  const x: Tensor =
    axis === 0
      ? { datatype: 'FP32', shape: [rows.length, width], data: Float32Array.from(rows.flat()) }
      : { datatype: 'FP32', shape: [width, rows.length], data: Float32Array.from(columns.flat()) };
  return { rows: rows.length, inputs: { x, scale: { datatype: 'FP32', shape: [], data: Float32Array.of(scale) } } };
}

/** What the request must get back. To be asked for before the request runs: running takes its memory. */
export function answerTo({ inputs }: InferenceRequest): NamedTensors {
  return compute(inputs);
}

/** The numbers of `x` in a batch, in order. */
export function numbersIn({ inputs }: FakeBatch): number[] {
  return Array.from(inputs['x']?.data as Float32Array);
}

function compute({ x, scale }: NamedTensors): NamedTensors {
  const { shape, data } = x as Tensor;
  const factor = (scale as Tensor).data[0] as number;
  return { y: { datatype: 'FP32', shape, data: (data as Float32Array).map((value) => value * factor + 0.5) } };
}
