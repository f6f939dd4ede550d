import { modelDescriptionSchema, modelListSchema } from '../model-answers.js';
import { listExamples, showExamples } from './model-examples.js';
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
} as const satisfies Record<string, Operation>;
