import { z } from 'zod';
import { contentCodingSchema } from '../content-coding.js';
import { idSchema, parametersSchema } from '../predict-envelope.js';
import { rawSchema } from '../predict-url.js';
import type { Parameter } from './operation.js';

/** Headers that every route takes. */
export const everywhere: readonly Parameter[] = [
  {
    in: 'header',
    name: 'X-Request-Id',
    description:
      'What the answer and the log call the request: 1 to 128 letters, digits and `_.:+/=@-`. The server makes an id of its own if there is none, or one that is not of this form.',
    schema: z.string(),
  },
  {
    in: 'header',
    name: 'traceparent',
    description: 'W3C Trace Context, version 00. It is passed on if it is valid, and passed over if it is not.',
    schema: z.string(),
  },
];

export const modelName: Parameter = {
  in: 'path',
  name: 'name',
  description: 'The name of a model that `GET /models` lists',
  schema: z.string().min(1),
};

export const modelVersion: Parameter = {
  in: 'path',
  name: 'version',
  description: 'A version of the model that is served: its number, an alias, or `latest`',
  schema: z.string().min(1),
};

const { timeout_ms: timeoutSchema, priority: prioritySchema } = parametersSchema.shape;

export const timeoutHeader: Parameter = {
  in: 'header',
  name: 'X-Request-Timeout-Ms',
  description: 'Answer within so many milliseconds, or not at all; what the body or the query says counts before it',
  schema: timeoutSchema.unwrap(),
};

export const contentEncoding: Parameter = {
  in: 'header',
  name: 'Content-Encoding',
  description: 'How the body is compressed; `identity` is not at all',
  schema: contentCodingSchema,
};

/** What predictions take beside the body. */
export const predictionParameters: readonly Parameter[] = [
  {
    in: 'query',
    name: 'id',
    description: 'The id of the job, if the body does not have it',
    schema: idSchema,
  },
  {
    in: 'query',
    name: 'timeout_ms',
    description: 'Answer within so many milliseconds, or not at all; if the body does not have it',
    schema: timeoutSchema.unwrap(),
  },
  {
    in: 'query',
    name: 'priority',
    description: 'From 1, the highest, to 10; 0 means 5; if the body does not have it',
    schema: prioritySchema.unwrap(),
  },
  {
    in: 'query',
    name: 'raw',
    description: 'Whether the body is an item as it is, also where its type says JSON or a form',
    schema: rawSchema,
  },
  timeoutHeader,
  {
    in: 'header',
    name: 'X-Routing-Key',
    description:
      'Requests of one key that name no version go to the same one, where versions share them by weights; without it the tenant of the API key counts',
    schema: z.string(),
  },
  {
    in: 'header',
    name: 'X-Request-Queue-Timeout-Ms',
    description: 'Begin to run within so many milliseconds, or not at all',
    schema: timeoutSchema.unwrap(),
  },
  {
    in: 'header',
    name: 'X-Request-Execution-Timeout-Ms',
    description: 'Answer within so many milliseconds from when it began to run, or not at all',
    schema: timeoutSchema.unwrap(),
  },
  contentEncoding,
];

export const modelInQuery: Parameter = {
  in: 'query',
  name: 'model',
  description: 'The name of the model, if neither the path nor the body has it',
  schema: z.string(),
};

export const versionInQuery: Parameter = {
  in: 'query',
  name: 'version',
  description:
    'The version, if neither the path nor the body has it: its number, an alias, or `latest`; without one it goes by the weights of the aliases, else it is the newest',
  schema: z.string(),
};
