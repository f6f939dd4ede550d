import type { Target } from '../serving/model-entry.js';
import type { LoadedModel } from '../serving/open-model.js';
import type { ModelIo } from './model-io.js';
import { PipelineIo } from './pipeline-io.js';
import { TensorIo } from './tensor-io.js';

const tensorIos = new WeakMap<LoadedModel, ModelIo>();
const pipelineIos = new WeakMap<LoadedModel, ModelIo>();

/** How a loaded model is spoken with under the name that a request has for it; made once for each. */
export function ioOf({ form, model }: Pick<Target, 'form' | 'model'>): ModelIo {
  const loaded = model.loaded as LoadedModel;
  const { pipeline } = loaded;
  const isTensors = form === 'tensors' || pipeline === undefined;
  const ios = isTensors ? tensorIos : pipelineIos;
  const known = ios.get(loaded);
  if (known !== undefined) return known;
  const tensors = new TensorIo(loaded.signature, loaded.plan);
  const made = isTensors ? tensors : new PipelineIo(pipeline, tensors);
  ios.set(loaded, made);
  return made;
}
