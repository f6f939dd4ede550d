import { sampleElements, sampleItem } from '../model/sample-inputs.js';
import type { PipelineSample } from '../pipelines/running-pipeline.js';
import type { ModelEntry } from '../serving/model-entry.js';
import type { LoadedModel } from '../serving/open-model.js';
import type { Tensor } from '../tensor/tensor.js';
import { encodeItem } from './item-encoder.js';

/** Larger examples are left out: nobody reads them. */
const MAX_EXAMPLE_ELEMENTS = 2_000;
const MAX_EXAMPLE_BYTES = 1_500;
const DEFAULT_FREE_SIZE = 8;

/** A body for POST /predict that works, or why there is none to show. */
export type Example =
  | { readonly example: { readonly model: string; readonly input: unknown } }
  | { readonly example_left_out: string };

/** An example of what a model takes under one of its names. */
export function exampleRequest({ name, form }: Pick<ModelEntry, 'name' | 'form'>, loaded: LoadedModel): Example {
  const { pipeline } = loaded;
  const takesTensors = form === 'tensors' || pipeline === undefined || pipeline.takes.includes('tensors');
  return takesTensors ? tensorExample(name, loaded) : itemExample(name, pipeline.sample);
}

/** What the first step of the pipeline says is typical. */
function itemExample(model: string, sample: PipelineSample | undefined): Example {
  if (sample === undefined) return { example_left_out: 'its first step does not say what an item looks like' };
  const { kind, value } = sample;
  if (kind !== 'bytes') return { example: { model, input: value } };
  const file = value as Uint8Array;
  if (file.length > MAX_EXAMPLE_BYTES) {
    return { example_left_out: `an item is a file: curl --data-binary @FILE …/models/${model}/predict` };
  }
  return { example: { model, input: { base64: Buffer.from(file).toString('base64') } } };
}

/** Generated values. */
function tensorExample(model: string, { signature, plan }: LoadedModel): Example {
  const size = plan.freeSize ?? DEFAULT_FREE_SIZE;
  const count = sampleElements(signature, plan.axes, size);
  if (count > MAX_EXAMPLE_ELEMENTS) return { example_left_out: `an item has ${count} values` };
  const inputs = sampleItem(signature, plan.axes, { row: 0, freeSize: size });
  const rounded = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, roundValues(tensor)]));
  const axes = { inputs: plan.axes.inputs, outputs: plan.axes.inputs };
  const item = JSON.parse(encodeItem(rounded, axes)) as Record<string, unknown>;
  const names = Object.keys(item);
  // A single tensor may stand bare, unless it would be taken for the object that names it.
  const input = names.length === 1 ? item[names[0] as string] : item;
  return { example: { model, input } };
}

function roundValues(tensor: Tensor): Tensor {
  if (tensor.datatype !== 'FP32' && tensor.datatype !== 'FP64') return tensor;
  const data = Float64Array.from(tensor.data as Float32Array, (value) => Math.round(value * 1e3) / 1e3);
  return { datatype: 'FP64', shape: tensor.shape, data };
}
