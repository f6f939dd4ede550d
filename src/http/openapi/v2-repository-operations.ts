import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { repositoryIndexSchema } from '../../v2/repository-index.js';
import { doneSchema } from '../v2/answers.js';
import { controlRequestSchema, indexRequestSchema } from '../v2/repository-requests.js';
import { type Operation, type Parameter, v2Refusal } from './operation.js';
import { modelName } from './shared-parameters.js';

const json = 'application/json';
const common = { method: 'post', tag: 'v2', errorForm: 'v2' } as const satisfies Partial<Operation>;

const bodyErrors = ['INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED', 'OVERLOADED'] as const;

const repository: Parameter = {
  in: 'path',
  name: 'repository',
  description: 'The name of a repository; here they have none',
  schema: z.string().min(1),
};

const control = {
  ...common,
  scope: 'admin',
  parameters: [modelName],
  body: { description: 'May be left out', isOptional: true, content: { [json]: controlRequestSchema } },
  answers: { 200: { description: 'It is done', content: { [json]: doneSchema } } },
  errors: [...bodyErrors, 'INVALID_REQUEST', 'MODEL_CONTROL_OFF', 'MODEL_NOT_FOUND', 'LOAD_FAILED'],
} as const satisfies Partial<Operation>;

/** Triton lets clients name one of several repositories; always refused. */
const named = { ...common, scope: 'admin', answers: {}, errors: ['UNSUPPORTED'] } as const satisfies Partial<Operation>;

export const v2RepositoryOperations = {
  index: {
    ...common,
    path: '/v2/repository/index',
    scope: 'infer',
    id: 'v2GetRepositoryIndex',
    summary: 'The versions of all models, in which state they are, and why',
    body: { description: 'May be left out', isOptional: true, content: { [json]: indexRequestSchema } },
    answers: { 200: { description: 'By name and version', content: { [json]: repositoryIndexSchema } } },
    errors: bodyErrors,
  },
  load: {
    ...control,
    path: '/v2/repository/models/:name/load',
    id: 'v2LoadModel',
    summary: 'Load a model, or load it anew; answered when it is ready',
    examples: {
      v2Load: {
        summary: 'A server whose models stay those that it found when it started',
        parameters: { name: 'penguins' },
        ...v2Refusal(
          new MillraceError(
            'MODEL_CONTROL_OFF',
            'explicit model load / unload is not allowed if model_control is none; start the server with --model-control explicit to allow it.',
            { path: 'model_control', expected: 'explicit', got: 'none' },
          ),
        ),
      },
    },
  },
  unload: {
    ...control,
    path: '/v2/repository/models/:name/unload',
    id: 'v2UnloadModel',
    summary: 'Unload a model',
  },
  namedIndex: {
    ...named,
    path: '/v2/repository/:repository/index',
    id: 'v2GetNamedRepositoryIndex',
    summary: 'The index of one repository of several: not supported',
    parameters: [repository],
  },
  namedLoad: {
    ...named,
    path: '/v2/repository/:repository/models/:name/load',
    id: 'v2LoadModelOfRepository',
    summary: 'Load a model of one repository of several: not supported',
    parameters: [repository, modelName],
  },
  namedUnload: {
    ...named,
    path: '/v2/repository/:repository/models/:name/unload',
    id: 'v2UnloadModelOfRepository',
    summary: 'Unload a model of one repository of several: not supported',
    parameters: [repository, modelName],
  },
} as const satisfies Record<string, Operation>;
