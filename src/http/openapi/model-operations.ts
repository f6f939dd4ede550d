import { loadSchema } from '../load-body.js';
import { modelDescriptionSchema, modelListSchema, modelSummarySchema } from '../model-answers.js';
import { listExamples, loadExamples, showExamples } from './model-examples.js';
import type { Operation } from './operation.js';
import { modelName } from './shared-parameters.js';

export const modelOperations = {
  list: {
    method: 'get',
    path: '/models',
    scope: 'infer',
    id: 'listModels',
    tag: 'models',
    summary: 'All models, and in which state they are',
    description: 'A model `m` with a pipeline is listed a second time, as `m.tensors`: the same model without it.',
    answers: { 200: { description: 'By name', content: { 'application/json': modelListSchema } } },
    examples: listExamples,
  },
  show: {
    method: 'get',
    path: '/models/:name',
    scope: 'infer',
    id: 'getModel',
    tag: 'models',
    summary: 'What a model takes and gives, how it is run, and an example request that works',
    parameters: [modelName],
    answers: { 200: { description: 'The model', content: { 'application/json': modelDescriptionSchema } } },
    errors: ['MODEL_NOT_FOUND'],
    examples: showExamples,
  },
  load: {
    method: 'post',
    path: '/models/:name/load',
    scope: 'admin',
    id: 'loadModel',
    tag: 'models',
    summary: 'Load a model as it lies in the folder, or as the body says',
    description:
      'With `model_control: explicit` alone. What is served already is replaced without a gap, as far as it has changed; what cannot be loaded changes nothing. The answer comes when the model serves.',
    parameters: [modelName],
    body: {
      description: 'A configuration and files in place of those in the folder',
      isOptional: true,
      content: { 'application/json': loadSchema },
    },
    answers: { 200: { description: 'How the model stands', content: { 'application/json': modelSummarySchema } } },
    errors: ['INVALID_JSON', 'MODEL_CONTROL_OFF', 'MODEL_NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'LOAD_FAILED', 'OVERLOADED'],
    examples: loadExamples,
  },
  unload: {
    method: 'post',
    path: '/models/:name/unload',
    scope: 'admin',
    id: 'unloadModel',
    tag: 'models',
    summary: 'Unload all versions of a model',
    description:
      'With `model_control: explicit` alone. The answer comes when what the model had accepted is finished, and its memory is free.',
    parameters: [modelName],
    answers: { 200: { description: 'How the model stands', content: { 'application/json': modelSummarySchema } } },
    errors: ['MODEL_CONTROL_OFF', 'MODEL_NOT_FOUND'],
  },
} as const satisfies Record<string, Operation>;
