import { MillraceError } from '../../core/errors.js';
import { modelMetadataSchema } from '../../v2/metadata.js';
import { modelConfigSchema } from '../../v2/model-config-schema.js';
import { statisticsAnswerSchema } from '../../v2/statistics-schema.js';
import { modelReadySchema } from '../v2/answers.js';
import { v2ErrorSchema } from '../v2/error-body.js';
import { type Operation, v2Refusal } from './operation.js';
import { modelName, modelVersion } from './shared-parameters.js';

const json = 'application/json';
const common = { method: 'get', scope: 'infer', tag: 'v2', errorForm: 'v2' } as const satisfies Partial<Operation>;
const ofModel = {
  ...common,
  parameters: [modelName],
  errors: ['MODEL_NOT_FOUND', 'MODEL_UNAVAILABLE'],
} as const satisfies Partial<Operation>;
const ofVersion = {
  ...common,
  parameters: [modelName, modelVersion],
  errors: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'MODEL_UNAVAILABLE'],
} as const satisfies Partial<Operation>;

const metadata = { 200: { description: 'Its inputs and outputs', content: { [json]: modelMetadataSchema } } } as const;
const config = { 200: { description: 'Its ModelConfig', content: { [json]: modelConfigSchema } } } as const;
const statistics = { 200: { description: 'By version', content: { [json]: statisticsAnswerSchema } } } as const;
const readiness = {
  200: { description: 'It is', content: { [json]: modelReadySchema } },
  400: { description: 'It is not; or `INVALID_REQUEST`', content: { [json]: modelReadySchema.or(v2ErrorSchema) } },
} as const;

/** Most stand twice: for the newest version of a model, and for one that the path names. */
export const v2ModelOperations = {
  metadata: {
    ...ofModel,
    path: '/v2/models/:name',
    id: 'v2GetModel',
    summary: 'What a model takes and gives',
    answers: metadata,
    examples: {
      v2Model: {
        summary: 'The bare tensors of a model with a pipeline',
        parameters: { name: 'penguins.tensors' },
        status: 200,
        answer: {
          type: json,
          value: {
            name: 'penguins.tensors',
            versions: ['1'],
            platform: 'onnxruntime_onnx',
            inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
            outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 3] }],
          },
        },
      },
      v2Misspelt: {
        summary: 'A model that is not there',
        parameters: { name: 'penguin' },
        ...v2Refusal(
          new MillraceError(
            'MODEL_NOT_FOUND',
            "Request for unknown model: 'penguin' is not found. Did you mean penguins?",
          ),
        ),
      },
    },
  },
  versionMetadata: {
    ...ofVersion,
    path: '/v2/models/:name/versions/:version',
    id: 'v2GetModelVersion',
    summary: 'What a version of a model takes and gives',
    answers: metadata,
  },
  modelReady: {
    ...common,
    path: '/v2/models/:name/ready',
    id: 'v2IsModelReady',
    summary: 'Whether a model is ready',
    parameters: [modelName],
    answers: readiness,
    errors: ['MODEL_NOT_FOUND'],
    examples: {
      v2ModelReady: {
        summary: 'A model that is ready',
        parameters: { name: 'penguins' },
        status: 200,
        answer: { type: json, value: { name: 'penguins', ready: true } },
      },
    },
  },
  versionReady: {
    ...common,
    path: '/v2/models/:name/versions/:version/ready',
    id: 'v2IsModelVersionReady',
    summary: 'Whether a version of a model is ready',
    parameters: [modelName, modelVersion],
    answers: readiness,
    errors: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND'],
  },
  config: {
    ...ofModel,
    path: '/v2/models/:name/config',
    id: 'v2GetModelConfig',
    summary: "A model as Triton's ModelConfig says it",
    answers: config,
  },
  versionConfig: {
    ...ofVersion,
    path: '/v2/models/:name/versions/:version/config',
    id: 'v2GetModelVersionConfig',
    summary: "A version of a model as Triton's ModelConfig says it",
    answers: config,
  },
  statistics: {
    ...ofModel,
    path: '/v2/models/:name/stats',
    id: 'v2GetStatistics',
    summary: 'How much was asked of a model, and how long it took',
    answers: statistics,
    errors: ['MODEL_NOT_FOUND'],
  },
  versionStatistics: {
    ...ofVersion,
    path: '/v2/models/:name/versions/:version/stats',
    id: 'v2GetVersionStatistics',
    summary: 'How much was asked of a version of a model, and how long it took',
    answers: statistics,
  },
} as const satisfies Record<string, Operation>;
