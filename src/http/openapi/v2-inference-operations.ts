import { z } from 'zod';
import type { ErrorCode } from '../../core/errors.js';
import { inferAnswerSchema } from '../v2/infer-answer.js';
import { inferEnvelopeSchema } from '../v2/infer-envelope.js';
import type { Operation, Parameter } from './operation.js';
import { contentEncoding, modelName, modelVersion, timeoutHeader } from './shared-parameters.js';
import { inferExamples, inferVersionExamples } from './v2-inference-examples.js';

const errors: readonly ErrorCode[] = [
  'INVALID_JSON',
  'INVALID_INPUT',
  'TOO_MANY_ROWS',
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'CANCELLED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'EXECUTION_FAILED',
  'OUTPUT_NOT_FINITE',
  'INPUT_QUARANTINED',
  'QUEUE_FULL',
  'STEP_FAILED',
  'UNSUPPORTED',
  'MODEL_UNAVAILABLE',
  'INSTANCE_CRASHED',
  'OUT_OF_MEMORY',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'EXECUTION_TIMEOUT',
  'DEADLINE_EXCEEDED',
];

const jsonLength: Parameter = {
  in: 'header',
  name: 'Inference-Header-Content-Length',
  description:
    'How many bytes of the body are JSON, in the binary form: those of the inputs follow. With 0 the body is the one ' +
    'input of the model, a single row. Without it all is JSON.',
  schema: z.int().min(0),
};

/** JSON with bytes behind it, or bytes alone. */
const binaryForm = z.string().meta({ format: 'binary' });

const common = {
  method: 'post',
  scope: 'infer',
  tag: 'v2',
  errorForm: 'v2',
  description:
    'A request is one job of all its rows. A model with a pipeline takes what the pipeline takes, each item an element of ' +
    'a BYTES tensor; its bare tensors are there under its name with `.tensors`.',
  body: {
    description:
      'JSON, behind which the bytes of inputs may stand; the header `Inference-Header-Content-Length` tells, whatever the ' +
      'media type is.',
    content: { 'application/json': inferEnvelopeSchema, 'application/octet-stream': binaryForm },
  },
  answers: {
    200: {
      description: 'The outputs; as JSON with bytes behind it if some were asked for in the binary form',
      headers: ['Inference-Header-Content-Length', 'Content-Encoding'],
      content: { 'application/json': inferAnswerSchema, 'application/octet-stream': binaryForm },
    },
  },
  errors,
} as const satisfies Partial<Operation>;

export const v2InferenceOperations = {
  infer: {
    ...common,
    path: '/v2/models/:name/infer',
    id: 'v2Infer',
    summary: 'Inference by the newest version of a model',
    parameters: [modelName, jsonLength, timeoutHeader, contentEncoding],
    examples: inferExamples,
  },
  inferVersion: {
    ...common,
    path: '/v2/models/:name/versions/:version/infer',
    id: 'v2InferVersion',
    summary: 'Inference by one version of a model',
    parameters: [modelName, modelVersion, jsonLength, timeoutHeader, contentEncoding],
    examples: inferVersionExamples,
  },
} as const satisfies Record<string, Operation>;
