import { reasonOf } from '../core/errors.js';
import { sampleBytes, sampleItem } from '../model/sample-inputs.js';
import type { BatchAxes, Signature } from '../model/signature.js';
import { rowsOf } from '../tensor/batch-axis.js';
import { halfToNumber } from '../tensor/half-float.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { gather, type InferenceRequest } from './batch.js';

/** What the probe found out. Only `independent` rows may share a batch. */
export type ProbeVerdict =
  | { readonly kind: 'independent'; readonly axes: BatchAxes; readonly freeSize: number }
  | {
      readonly kind: 'dependent';
      readonly reason: string;
      /** Undefined if an output has no row for each row of input. */
      readonly axes: BatchAxes | undefined;
      readonly freeSize: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** Sizes to give the free dimensions that are not the batch; the second for models that need a certain length. */
const FREE_SIZES = [8, 16];
const ROWS = 3;
/** Generated values are made on the main thread, which must not stand still for them. */
const MAX_PROBE_BYTES = 128 * 1024 * 1024;
const RELATIVE_TOLERANCE = 1e-3;
const ABSOLUTE_TOLERANCE = 1e-5;

/**
 * Finds out whether the rows of a batch leave each other alone, by running generated rows alone and together: each
 * row's part of the common result must be what the row gives alone, within 1e-3 relative plus 1e-5. On the way it
 * finds the batch axis of outputs whose signature hides it.
 *
 * @param axes the batch axes of the inputs; those of the outputs are found, not believed
 * @param run executes one batch on the loaded model
 */
export async function probeRows(
  signature: Signature,
  axes: BatchAxes,
  run: (inputs: NamedTensors) => Promise<NamedTensors>,
): Promise<ProbeVerdict> {
  const failures: string[] = [];
  for (const freeSize of FREE_SIZES) {
    const bytes = ROWS * sampleBytes(signature, axes, freeSize);
    if (bytes > MAX_PROBE_BYTES)
      return { kind: 'failed', reason: `${ROWS} rows take ${bytes} bytes, more than is generated` };
    const items = Array.from({ length: ROWS }, (_, row): InferenceRequest => {
      return { rows: 1, inputs: sampleItem(signature, axes, { row, freeSize }) };
    });
    try {
      // Gathered first: running a row hands its memory over.
      const batch = copyOf(gather(items, axes));
      const alone: NamedTensors[] = [];
      for (const { inputs } of items) alone.push(await run(copyOf(inputs)));
      const together = await run(batch);
      return compare(alone, together, { axes, freeSize });
    } catch (error) {
      failures.push(`with free dimensions of ${freeSize}: ${reasonOf(error)}`);
    }
  }
  return { kind: 'failed', reason: `generated rows could not be run (${failures.join('; ')})` };
}

/** Tensors in memory of their own: running them hands that over. */
export function copyOf(inputs: NamedTensors): NamedTensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

function compare(
  alone: readonly NamedTensors[],
  together: NamedTensors,
  { axes, freeSize }: { axes: BatchAxes; freeSize: number },
): ProbeVerdict {
  const outputs: Record<string, number | null> = {};
  let reason: string | undefined;
  for (const [name, batch] of Object.entries(together)) {
    const rows = alone.map((outcome) => outcome[name] as Tensor);
    const axis = batchAxisOf(rows, batch);
    if (axis === undefined) {
      const shapes = `[${rows.map(({ shape }) => shape.join(', ')).join('], [')}] alone, [${batch.shape.join(', ')}] together`;
      const mismatch = `output ${name} does not hold one row for each row of input: ${shapes}`;
      return { kind: 'dependent', reason: mismatch, axes: undefined, freeSize };
    }
    outputs[name] = axis;
    const isAlike = rows.every((expected, row) => {
      return alike(axis === null ? batch : rowsOf(batch, axis, { from: row, count: 1 }), expected);
    });
    if (!isAlike) reason ??= `rows influence each other: output ${name} differs when ${ROWS} rows run together`;
  }
  const found = { inputs: axes.inputs, outputs };
  if (reason !== undefined) return { kind: 'dependent', reason, axes: found, freeSize };
  return { kind: 'independent', axes: found, freeSize };
}

/** The axis that grew with the batch; null if none did, undefined if that is not what happened to the shape. */
function batchAxisOf(rows: readonly Tensor[], batch: Tensor): number | null | undefined {
  const first = (rows[0] as Tensor).shape;
  const sameForAll = rows.every(({ shape }) => sameShape(shape, first));
  if (!sameForAll || first.length !== batch.shape.length) return undefined;
  const grown = first.flatMap((size, axis) => (size === batch.shape[axis] ? [] : [axis]));
  if (grown.length === 0) return null;
  const axis = grown[0] as number;
  return grown.length === 1 && first[axis] === 1 && batch.shape[axis] === rows.length ? axis : undefined;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Whether two tensors hold the same, within the tolerance of the probe. */
export function alike(a: Tensor, b: Tensor): boolean {
  if (a.data.length !== b.data.length) return false;
  for (let index = 0; index < a.data.length; index += 1) {
    const [x, y] = [a.data[index], b.data[index]];
    if (Object.is(x, y)) continue;
    if (typeof x !== 'number' || typeof y !== 'number') return false;
    const [p, q] = a.datatype === 'FP16' ? [halfToNumber(x), halfToNumber(y)] : [x, y];
    if (Object.is(p, q) || p === q) continue;
    if (!Number.isFinite(p) || !Number.isFinite(q)) return false;
    if (!(Math.abs(p - q) <= RELATIVE_TOLERANCE * Math.max(Math.abs(p), Math.abs(q)) + ABSOLUTE_TOLERANCE))
      return false;
  }
  return true;
}
