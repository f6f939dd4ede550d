import { isUtf8 } from 'node:buffer';
import type { InferenceRequest } from '../batching/batch.js';
import type { BatchAxes, Signature, TensorSpec } from '../model/signature.js';
import { Answer } from '../pipelines/step.js';
import type { BatchingPlan } from '../serving/batching-plan.js';
import { AnswerList, type ModelResult } from '../serving/model-input.js';
import type { NumericArray } from '../tensor/datatype.js';
import type { Tensor } from '../tensor/tensor.js';
import { classify } from './classification.js';
import type { ByteElements, InferInput, RequestedOutput, V2Tensor } from './infer-request.js';
import { checkDatatype, checkElementCount, checkShape, inOrder, type SymbolSizes } from './input-checks.js';
import type { ModelIo, RequestFrame } from './model-io.js';
import { requestError } from './request-error.js';

/** The protocol of a model that takes and gives tensors: its signature as it is, batch axis and all. */
export class TensorIo implements ModelIo {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly isBatched: boolean;
  readonly axes: BatchAxes;
  /** Rows of one request that cannot be split; undefined where it can. */
  readonly #mostRows: number | undefined;

  constructor({ inputs, outputs }: Signature, { axes, maxBatchSize, splits }: BatchingPlan) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.axes = axes;
    this.#mostRows = splits ? undefined : maxBatchSize;
    this.isBatched = [...Object.values(axes.inputs), ...Object.values(axes.outputs)].every((axis) => axis === 0);
  }

  /** As many as are allowed, whatever a batch holds, if a request may run in several. */
  mostRows(maxRows: number): number {
    return Math.min(maxRows, this.#mostRows ?? maxRows);
  }

  read(inputs: readonly InferInput[], { model, maxRows }: RequestFrame): InferenceRequest {
    const request = this.readRows(inputs, model);
    checkRows(request.rows, { model, maxRows: this.mostRows(maxRows) });
    return request;
  }

  /**
   * Checks all but the number of rows.
   *
   * @throws MillraceError INVALID_INPUT
   */
  readRows(inputs: readonly InferInput[], model: string): InferenceRequest {
    const tensors: Record<string, Tensor> = {};
    const sizes: SymbolSizes = new Map();
    let rows: number | undefined;
    for (const [index, input] of inOrder(inputs, this.inputs, model).entries()) {
      const spec = this.inputs[index] as TensorSpec;
      const { name, datatype, shape } = input;
      const batchAxis = this.axes.inputs[name] ?? null;
      checkDatatype(input, spec.datatype, model);
      checkShape(input, { spec, batchAxis, sizes, model });
      checkElementCount(input, model);
      if (batchAxis !== null) {
        const own = shape[batchAxis] as number;
        rows ??= own;
        if (own !== rows) throw requestError(`input '${name}' batch size does not match other inputs for '${model}'`);
      }
      tensors[name] = { datatype, shape, data: elementsOf(input) };
    }
    return { rows: rows ?? 1, inputs: tensors };
  }

  write(outputs: ModelResult['outputs'], wanted: readonly RequestedOutput[]): V2Tensor[] {
    if (outputs instanceof Answer || outputs instanceof AnswerList) throw new Error('a pipeline answered for tensors');
    if (wanted.length === 0) return Object.entries(outputs).map(([name, tensor]) => ({ name, ...tensor }));
    return wanted.map(({ name, classes }) => {
      const output = { name, ...(outputs[name] as Tensor) };
      const isBatched = this.axes.outputs[name] === 0;
      return classes === 0 ? output : classify(output, { classes, isBatched, labels: undefined });
    });
  }
}

/**
 * The one place that holds a request's rows against what may be sent at once.
 *
 * @throws MillraceError INVALID_INPUT
 */
export function checkRows(rows: number, { model, maxRows }: RequestFrame): void {
  if (rows > maxRows) throw requestError(`inference request batch-size must be <= ${maxRows} for '${model}'`);
}

/** The elements as the model takes them. */
function elementsOf({ name, datatype, data }: InferInput): Tensor['data'] {
  if (datatype === 'BYTES') return (data as ByteElements).map((element, index) => textOf(element, { name, index }));
  if (datatype === 'BOOL') {
    const bytes = data as Uint8Array;
    const odd = bytes.findIndex((value) => value > 1);
    if (odd !== -1)
      throw requestError(`element ${odd} of input '${name}' is no BOOL: expected 0 or 1, got ${bytes[odd]}`);
  }
  return data as NumericArray;
}

/** ONNX Runtime's strings are UTF-8 that ends at the first NUL. */
function textOf(element: string | Uint8Array, { name, index }: { name: string; index: number }): string {
  const isText = typeof element === 'string' ? element.isWellFormed() : isUtf8(element);
  const text =
    typeof element === 'string'
      ? element
      : Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString('utf8');
  if (isText && !text.includes('\0')) return text;
  const fault = isText ? 'holds a NUL' : 'is not valid UTF-8';
  throw requestError(`element ${index} of input '${name}' ${fault}; the model takes strings`);
}
