import { z } from 'zod';
import type { ErrorCode } from '../../core/errors.js';
import { predictEnvelopeSchema } from '../predict-envelope.js';
import { predictFormSchema } from '../predict-form.js';
import { predictionAnswerSchema } from '../prediction-answers.js';
import type { Operation } from './operation.js';
import { modelPredictExamples, predictExamples, versionPredictExamples } from './prediction-examples.js';
import { modelInQuery, modelName, modelVersion, predictionParameters, versionInQuery } from './shared-parameters.js';

const errors: readonly ErrorCode[] = [
  'INVALID_JSON',
  'INVALID_REQUEST',
  'INVALID_INPUT',
  'TOO_MANY_ROWS',
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'JOB_ID_IN_USE',
  'CANCELLED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'EXECUTION_FAILED',
  'OUTPUT_NOT_FINITE',
  'INPUT_QUARANTINED',
  'QUEUE_FULL',
  'STEP_FAILED',
  'MODEL_UNAVAILABLE',
  'INSTANCE_CRASHED',
  'OUT_OF_MEMORY',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'EXECUTION_TIMEOUT',
  'DEADLINE_EXCEEDED',
];

/** One item as it is: nothing of it is read before the model is known. */
const rawItem = z.string().meta({ format: 'binary' });

const common = {
  method: 'post',
  scope: 'infer',
  tag: 'predictions',
  body: {
    description:
      'JSON (`application/json`, or any `…+json`) with one item or several; a form whose parts are the items; or, where ' +
      'the URL names the model, one item as it is, of any other type: a picture, a file, a text, also one that is said ' +
      'to be `application/x-www-form-urlencoded`.',
    content: {
      'application/json': predictEnvelopeSchema,
      'multipart/form-data': predictFormSchema,
      'application/octet-stream': rawItem,
      'application/x-www-form-urlencoded': rawItem,
      'text/plain': z.string(),
      'image/*': rawItem,
    },
  },
  answers: {
    200: {
      description: 'What the model says; in a list an item may have failed by itself',
      content: { 'application/json': predictionAnswerSchema },
    },
  },
  errors,
} as const satisfies Partial<Operation>;

export const predictionOperations = {
  predict: {
    ...common,
    path: '/predict',
    id: 'predict',
    summary: 'A prediction; the body or the query names the model',
    parameters: [modelInQuery, versionInQuery, ...predictionParameters],
    examples: predictExamples,
  },
  predictWithModel: {
    ...common,
    path: '/models/:name/predict',
    id: 'predictWithModel',
    summary: 'A prediction of one model',
    parameters: [modelName, versionInQuery, ...predictionParameters],
    examples: modelPredictExamples,
  },
  predictWithVersion: {
    ...common,
    path: '/models/:name/versions/:version/predict',
    id: 'predictWithVersion',
    summary: 'A prediction of one version of a model',
    parameters: [modelName, modelVersion, ...predictionParameters],
    examples: versionPredictExamples,
  },
} as const satisfies Record<string, Operation>;
