import type { TensorSpec } from '../model/signature.js';
import { answerText } from '../pipelines/answer-text.js';
import type { PipelineItem } from '../pipelines/pipeline-item.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import type { Answer } from '../pipelines/step.js';
import type { Label, TensorType, ValueType } from '../pipelines/value-type.js';
import { AnswerList, type ModelResult, type PipelineItems } from '../serving/model-input.js';
import { asBatchOfOne, concatenate, onlyItem, rowsOf } from '../tensor/batch-axis.js';
import { allocate } from '../tensor/datatype.js';
import { byteLength, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { classify } from './classification.js';
import type { InferInput, RequestedOutput, V2Tensor } from './infer-request.js';
import { checkDatatype, checkElementCount, inOrder } from './input-checks.js';
import { itemFrom } from './item-element.js';
import { labelClasses } from './label-classes.js';
import type { ModelIo, RequestFrame } from './model-io.js';
import { requestError } from './request-error.js';
import { checkRows, type TensorIo } from './tensor-io.js';

/** What the one input of a pipeline that takes no tensors is called, and its output where it gives no tensors by name. */
const INPUT = 'input';
const OUTPUT = 'output';

const FREE = { symbol: null } as const;

/**
 * The protocol of a model with a pipeline: each element of its one BYTES input is an item, each row of its outputs an
 * answer. A pipeline without preprocessing takes what the model takes, and each row of that is an item. Answers that
 * are tensors come as such; all others as BYTES, text and bytes as they are and everything else as its JSON.
 */
export class PipelineIo implements ModelIo {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly isBatched: boolean;
  readonly #pipeline: RunningPipeline;
  /** Of the model inside, where its tensors are what the pipeline takes. */
  readonly #tensors: TensorIo | undefined;

  constructor(pipeline: RunningPipeline, tensors: TensorIo) {
    this.#pipeline = pipeline;
    this.#tensors = pipeline.takes.includes('tensors') ? tensors : undefined;
    this.inputs = this.#tensors?.inputs ?? [{ name: INPUT, datatype: 'BYTES', shape: [FREE, 1] }];
    this.outputs = outputSpecs(pipeline.pipeline.postprocess.gives);
    this.isBatched = this.#tensors?.isBatched ?? true;
  }

  /** Items need not fit into one execution. */
  mostRows(maxRows: number): number {
    return maxRows;
  }

  read(inputs: readonly InferInput[], { model, maxRows }: RequestFrame): PipelineItems {
    const frame = { model, maxRows };
    const items = this.#tensors === undefined ? this.#elements(inputs, frame) : this.#rows(inputs, frame);
    return { rows: items.length, bytes: items.reduce((sum, { bytes }) => sum + bytes, 0), items };
  }

  write(outputs: ModelResult['outputs'], wanted: readonly RequestedOutput[]): V2Tensor[] {
    if (!(outputs instanceof AnswerList)) throw new Error('items came one by one that were sent together');
    const { answers } = outputs;
    const asked = wanted.length > 0 ? wanted : this.outputs.map(({ name }) => ({ name, classes: 0 }));
    return asked.map((each) => {
      const spec = this.outputs.find(({ name }) => name === each.name) as TensorSpec;
      return this.#output(answers, spec, each.classes);
    });
  }

  #elements(inputs: readonly InferInput[], { model, maxRows }: RequestFrame): PipelineItem[] {
    const [input] = inOrder(inputs, this.inputs, model) as [InferInput];
    const { name, shape } = input;
    checkDatatype(input, 'BYTES', model);
    // Some clients send a list, others a list with an axis of one behind it.
    if (shape.length === 0 || shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
      const shapes = `Expected [-1,1], got [${shape.slice(0, 32).join(',')}]`;
      throw requestError(`unexpected shape for input '${name}' for model '${model}'. ${shapes}.`);
    }
    checkElementCount(input, model);
    checkRows(input.data.length, { model, maxRows });
    return Array.from(input.data as readonly (string | Uint8Array)[], (element, index) => {
      return itemFrom(element, {
        path: `${name}[${index}]`,
        takes: this.#pipeline.takes,
        parameters: input.parameters,
      });
    });
  }

  #rows(inputs: readonly InferInput[], { model, maxRows }: RequestFrame): PipelineItem[] {
    const tensors = this.#tensors as TensorIo;
    const { rows, inputs: batch } = tensors.readRows(inputs, model);
    checkRows(rows, { model, maxRows });
    return Array.from({ length: rows }, (_, row) => {
      const value: Record<string, Tensor> = {};
      let bytes = 0;
      for (const [name, tensor] of Object.entries(batch)) {
        const axis = tensors.axes.inputs[name] ?? null;
        const own = axis === null ? tensor : onlyItem(rowsOf(tensor, axis, { from: row, count: 1 }), axis);
        bytes += byteLength(own);
        value[name] = own;
      }
      return { rows: 1, bytes, kind: 'tensors', value, path: `row ${row}` };
    });
  }

  #output(answers: readonly Answer[], spec: TensorSpec, classes: number): V2Tensor {
    const { name } = spec;
    const { gives } = this.#pipeline.pipeline.postprocess;
    if (spec.datatype !== 'BYTES' || gives.kind === 'tensor' || gives.kind === 'tensors') {
      const tensor = stacked(
        answers.map((answer) => tensorIn(answer, name)),
        spec,
      );
      return classes === 0
        ? { name, ...tensor }
        : classify({ name, ...tensor }, { classes, isBatched: true, labels: undefined });
    }
    if (classes > 0 && gives.kind === 'labels') {
      return labelClasses(
        name,
        answers.map(({ value }) => value as readonly Label[]),
        { classes, labels: gives.classes },
      );
    }
    if (classes > 0)
      throw requestError(`class result not available for output '${name}' due to unsupported type 'BYTES'`);
    return { name, datatype: 'BYTES', shape: [answers.length, 1], data: answers.map(elementOf) };
  }
}

/** What a pipeline gives, by the type of its answers. */
function outputSpecs(gives: ValueType): TensorSpec[] {
  const spec = (name: string, type: TensorType): TensorSpec | undefined => {
    if (type.datatype === undefined || type.shape === undefined) return undefined;
    return { name, datatype: type.datatype, shape: [FREE, ...type.shape] };
  };
  const specs = () => {
    if (gives.kind === 'tensor') return [spec(OUTPUT, gives)];
    if (gives.kind === 'scores') return [spec(OUTPUT, { datatype: 'FP32', shape: [gives.count ?? FREE] })];
    if (gives.kind === 'tensors') return Object.entries(gives.tensors).map(([name, type]) => spec(name, type));
    return [];
  };
  const known = specs();
  const isKnown = known.length > 0 && known.every((each) => each !== undefined);
  return isKnown ? known : [{ name: OUTPUT, datatype: 'BYTES', shape: [FREE, 1] }];
}

/** One item's part of an output that is a tensor. */
function tensorIn({ type, value }: Answer, name: string): Tensor {
  switch (type.kind) {
    case 'tensor':
      return value as Tensor;
    case 'tensors':
      return (value as NamedTensors)[name] as Tensor;
    default: {
      const data = Float32Array.from(value as ArrayLike<number>);
      return { datatype: 'FP32', shape: [data.length], data };
    }
  }
}

/** Items' tensors, with an axis for the items in front. */
function stacked(tensors: readonly Tensor[], { name, datatype, shape }: TensorSpec): Tensor {
  const [first] = tensors;
  if (first === undefined) {
    const empty = shape.map((size, axis) => (axis > 0 && typeof size === 'number' ? size : 0));
    return { datatype, shape: empty, data: allocate(datatype, 0) };
  }
  const odd = tensors.find((tensor) => tensor.shape.join() !== first.shape.join());
  if (odd !== undefined) {
    const shapes = `[${first.shape.join(',')}] and [${odd.shape.join(',')}]`;
    throw requestError(
      `the answers of output '${name}' have different shapes, ${shapes}; send such items in requests of their own`,
    );
  }
  return concatenate(
    tensors.map((tensor) => asBatchOfOne(tensor, 0)),
    0,
  );
}

function elementOf(answer: Answer): string | Uint8Array {
  const { type, value } = answer;
  return type.kind === 'text' || type.kind === 'bytes' ? (value as string | Uint8Array) : answerText(answer);
}
