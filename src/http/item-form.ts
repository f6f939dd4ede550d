import { MillraceError } from '../core/errors.js';
import { answerText } from '../pipelines/answer-text.js';
import { type PipelineItem, readItem } from '../pipelines/pipeline-item.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import { SentFile } from '../pipelines/sent-file.js';
import { Answer } from '../pipelines/step.js';
import type { Target } from '../serving/model-entry.js';
import { AnswerList, type ModelInput, type ModelResult } from '../serving/model-input.js';
import type { LoadedModel } from '../serving/open-model.js';
import { eachTensor, onlyItem } from '../tensor/batch-axis.js';
import { plainItem } from './document-scanner.js';
import { ItemDecoder } from './item-decoder.js';
import { encodeItem } from './item-encoder.js';

/** Objects and arrays take about so many times the memory of the JSON that they come from. */
const PARSED_JSON_FACTOR = 10;

/** Where an item stands in its request. */
export interface ItemPlace {
  /** How errors call it, such as `input` or `inputs[3]`. */
  readonly path: string;
  /** What it takes in memory, about. */
  readonly bytes: number;
}

/** How the native API reads the items of a model, and writes what comes of them. */
export interface ItemForm {
  /**
   * @param sent a JSON value or a SentFile
   * @throws MillraceError INVALID_INPUT or UNSUPPORTED_MEDIA_TYPE that names the place, what was expected and what came
   */
  read(sent: unknown, place: ItemPlace): ModelInput;
  /** @throws MillraceError OUTPUT_NOT_FINITE if JSON cannot say it */
  write(outputs: ModelResult['outputs']): string;
}

const tensorForms = new WeakMap<LoadedModel, ItemForm>();
const pipelineForms = new WeakMap<LoadedModel, ItemForm>();

/** The form of a loaded model that a request asks for; made once for each. */
export function itemFormOf({ form, model }: Target): ItemForm {
  const loaded = model.loaded as LoadedModel;
  const { pipeline } = loaded;
  const isTensors = form === 'tensors' || pipeline === undefined;
  const forms = isTensors ? tensorForms : pipelineForms;
  const known = forms.get(loaded);
  if (known !== undefined) return known;
  const made = isTensors ? tensorForm(loaded) : pipelineForm(loaded, pipeline);
  forms.set(loaded, made);
  return made;
}

function tensorForm({ signature, plan: { axes } }: LoadedModel): ItemForm {
  const decoder = new ItemDecoder(signature, axes);
  return {
    read(sent, { path }) {
      if (sent instanceof SentFile) throw noFiles(path, sent);
      return decoder.decode(sent, path);
    },
    write(outputs) {
      if (outputs instanceof AnswerList) throw new Error('items came together that were sent one by one');
      return outputs instanceof Answer ? answerText(outputs) : encodeItem(outputs, axes);
    },
  };
}

/** A pipeline without preprocessing takes what the model takes. */
function pipelineForm(loaded: LoadedModel, { takes }: RunningPipeline): ItemForm {
  const tensors = tensorForm(loaded);
  const { axes } = loaded.plan;
  const read = (sent: unknown, { path, bytes }: ItemPlace): PipelineItem => {
    if (!takes.includes('tensors')) {
      const item = readItem(sent instanceof SentFile ? sent : plainItem(sent), path, takes);
      const isParsed = item.kind === 'record' || item.kind === 'json' || item.kind === 'strokes';
      return { rows: 1, bytes: isParsed ? PARSED_JSON_FACTOR * bytes : bytes, path, ...item };
    }
    const { inputs } = tensors.read(sent, { path, bytes }) as Extract<ModelInput, { inputs: unknown }>;
    return { rows: 1, bytes, path, kind: 'tensors', value: eachTensor(inputs, axes.inputs, onlyItem) };
  };
  return { read, write: tensors.write };
}

function noFiles(path: string, { mediaType }: SentFile): MillraceError {
  const text = 'The model takes tensors as JSON, and no files: with curl, -H "content-type: application/json".';
  return new MillraceError('UNSUPPORTED_MEDIA_TYPE', text, {
    path,
    expected: 'application/json',
    got: mediaType?.slice(0, 100) ?? 'a file',
  });
}
