import { serverMetadataSchema } from '../../v2/metadata.js';
import { statisticsAnswerSchema } from '../../v2/statistics-schema.js';
import { liveSchema, readySchema } from '../server-answers.js';
import { modelNamesSchema } from '../v2/answers.js';
import { v2ErrorSchema } from '../v2/error-body.js';
import type { Operation } from './operation.js';

const json = 'application/json';
const common = { method: 'get', tag: 'v2', errorForm: 'v2' } as const satisfies Partial<Operation>;
const open = { ...common, scope: 'public' } as const;
const ofModels = { ...common, scope: 'infer' } as const;

export const v2ServerOperations = {
  server: {
    ...open,
    path: '/v2',
    id: 'v2GetServer',
    summary: 'Which program this is, and which extensions it has',
    answers: { 200: { description: 'The server', content: { [json]: serverMetadataSchema } } },
  },
  live: {
    ...open,
    path: '/v2/health/live',
    id: 'v2IsLive',
    summary: 'Whether the process can answer',
    answers: { 200: { description: 'It can', content: { [json]: liveSchema } } },
  },
  ready: {
    ...open,
    path: '/v2/health/ready',
    id: 'v2IsReady',
    summary: 'Whether requests should be sent here',
    answers: {
      200: { description: 'They should', content: { [json]: readySchema } },
      400: { description: 'Not yet; or `INVALID_REQUEST`', content: { [json]: readySchema.or(v2ErrorSchema) } },
      503: { description: 'Not any more: the server shuts down', content: { [json]: readySchema } },
    },
    examples: {
      v2Ready: { summary: 'A server that is ready', status: 200, answer: { type: json, value: { ready: true } } },
    },
  },
  list: {
    ...ofModels,
    path: '/v2/models',
    id: 'v2ListModels',
    summary: 'The names of all models',
    answers: { 200: { description: 'In any state', content: { [json]: modelNamesSchema } } },
  },
  allStatistics: {
    ...ofModels,
    path: '/v2/models/stats',
    id: 'v2GetAllStatistics',
    summary: 'How much was asked of all models that are ready, and how long it took',
    answers: { 200: { description: 'By name and version', content: { [json]: statisticsAnswerSchema } } },
  },
} as const satisfies Record<string, Operation>;
