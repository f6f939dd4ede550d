import { createHash } from 'node:crypto';
import type { BatchAxes } from '../model/signature.js';
import { concatenate, rowsOf } from '../tensor/batch-axis.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';

/** What one caller wants run: `rows` rows in tensors that have the model's batch axis. */
export interface InferenceRequest {
  readonly rows: number;
  readonly inputs: NamedTensors;
  /** The outputs that are wanted, by name; without it all. */
  readonly outputs?: readonly string[];
}

/** Whether a request still has its inputs: running it alone may have taken their memory. */
export function hasItsInputs({ inputs }: InferenceRequest): boolean {
  return Object.values(inputs).every(({ shape, data }) => data.length === elementCount(shape));
}

const LONGEST_KEY_IN_CLEAR = 64;

/**
 * Makes the key under which requests may share a batch (invariant I2): the same inputs, datatypes and shapes per row,
 * the same outputs wanted, and the same bytes in every input that has no batch axis. No parameter of a request reaches
 * a model; one that does belongs in here. The model version need not be in it: each has a batcher
 * of its own.
 */
export function batchKey({ inputs, outputs }: InferenceRequest, axes: BatchAxes): string {
  let key = outputs === undefined ? '' : `${JSON.stringify([...outputs].sort())}\u0001`;
  for (const name in inputs) {
    const { datatype, shape, data } = inputs[name] as Tensor;
    const axis = axes.inputs[name] ?? null;
    key += `${name}\u0000${datatype}`;
    for (let at = 0; at < shape.length; at += 1) key += at === axis ? '|*' : `|${shape[at]}`;
    if (axis === null) key += `\u0000${contentKey(data)}`;
    key += '\u0001';
  }
  return key;
}

function contentKey(data: Tensor['data']): string {
  const bytes = Array.isArray(data)
    ? Buffer.from(JSON.stringify(data))
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length <= LONGEST_KEY_IN_CLEAR) return bytes.toString('base64');
  return createHash('sha256').update(bytes).digest('base64');
}

/** Lays requests of one batch key behind one another, in order. Inputs without a batch axis are taken from the first. */
export function gather(requests: readonly InferenceRequest[], axes: BatchAxes): NamedTensors {
  const first = requests[0] as InferenceRequest;
  const inputs: Record<string, Tensor> = {};
  for (const name in first.inputs) {
    const axis = axes.inputs[name] ?? null;
    inputs[name] =
      axis === null
        ? (first.inputs[name] as Tensor)
        : concatenate(
            requests.map((request) => request.inputs[name] as Tensor),
            axis,
          );
  }
  return inputs;
}

/** An output that does not hold one row for each row of the batch: nobody can say whose is whose. */
export class RowMismatch extends Error {}

/**
 * Cuts the outputs of a batch into those of its requests, in order, by row offset. Outputs without a batch axis go to
 * every request whole. A batch of a single request gets them as they are; outputs that its requests don't want are left out.
 *
 * @throws RowMismatch if an output has another number of rows than the batch
 */
export function scatter(all: NamedTensors, requests: readonly InferenceRequest[], axes: BatchAxes): NamedTensors[] {
  const outputs = wantedOf(all, requests[0]?.outputs);
  if (requests.length === 1) return [outputs];
  const rows = requests.reduce((sum, request) => sum + request.rows, 0);
  for (const [name, { shape }] of Object.entries(outputs)) {
    const axis = axes.outputs[name] ?? null;
    if (axis !== null && shape[axis] !== rows) {
      throw new RowMismatch(
        `output ${name} has the shape [${shape.join(', ')}] for a batch of ${rows} rows along axis ${axis}`,
      );
    }
  }
  let from = 0;
  return requests.map(({ rows: count }) => {
    const own: Record<string, Tensor> = {};
    for (const name in outputs) {
      const axis = axes.outputs[name] ?? null;
      const output = outputs[name] as Tensor;
      own[name] = axis === null ? output : rowsOf(output, axis, { from, count });
    }
    from += count;
    return own;
  });
}

function wantedOf(outputs: NamedTensors, wanted: readonly string[] | undefined): NamedTensors {
  if (wanted === undefined) return outputs;
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => wanted.includes(name)));
}
