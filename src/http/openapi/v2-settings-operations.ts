import { z } from 'zod';
import { logSettingsSchema, traceSettingsSchema } from '../../v2/fixed-settings.js';
import { doneSchema } from '../v2/answers.js';
import type { Operation, Parameter } from './operation.js';
import { modelName } from './shared-parameters.js';

const json = 'application/json';
const common = { tag: 'v2', errorForm: 'v2' } as const satisfies Partial<Operation>;
const read = { ...common, method: 'get', scope: 'infer' } as const;
/** Always refused. */
const change = { ...common, method: 'post', scope: 'admin', answers: {}, errors: ['UNSUPPORTED'] } as const;

const trace = { 200: { description: 'Nothing is traced', content: { [json]: traceSettingsSchema } } } as const;

export const v2SettingsOperations = {
  trace: {
    ...read,
    path: '/v2/trace/setting',
    id: 'v2GetTraceSettings',
    summary: "Triton's settings of traces",
    answers: trace,
  },
  changeTrace: {
    ...change,
    path: '/v2/trace/setting',
    id: 'v2SetTraceSettings',
    summary: 'Change the settings of traces: not supported',
  },
  modelTrace: {
    ...read,
    path: '/v2/models/:name/trace/setting',
    id: 'v2GetModelTraceSettings',
    summary: "Triton's settings of traces, of a model",
    parameters: [modelName],
    answers: trace,
    errors: ['MODEL_NOT_FOUND'],
  },
  changeModelTrace: {
    ...change,
    path: '/v2/models/:name/trace/setting',
    id: 'v2SetModelTraceSettings',
    summary: 'Change the settings of traces of a model: not supported',
    parameters: [modelName],
  },
  logging: {
    ...read,
    path: '/v2/logging',
    id: 'v2GetLogSettings',
    summary: "Triton's settings of the log",
    answers: { 200: { description: 'As far as they mean something', content: { [json]: logSettingsSchema } } },
  },
  changeLogging: {
    ...change,
    path: '/v2/logging',
    id: 'v2SetLogSettings',
    summary: 'Change the settings of the log: not supported',
  },
} as const satisfies Record<string, Operation>;

const region: Parameter = {
  in: 'path',
  name: 'region',
  description: 'The name of a region',
  schema: z.string().min(1),
};

const done = { 200: { description: 'There is none any more, as before', content: { [json]: doneSchema } } } as const;

function sharedMemoryOf(kind: 'system' | 'cuda') {
  const path = `/v2/${kind}sharedmemory`;
  const name = kind === 'system' ? 'System' : 'Cuda';
  const memory = `${kind} shared memory`;
  const post = { ...common, method: 'post', scope: 'infer' } as const;
  return {
    status: {
      ...read,
      path: `${path}/status`,
      id: `v2Get${name}SharedMemory`,
      summary: `The regions of ${memory}: none`,
      answers: { 200: { description: 'An empty list', content: { [json]: z.array(z.never()) } } },
    },
    regionStatus: {
      ...read,
      path: `${path}/region/:region/status`,
      id: `v2Get${name}SharedMemoryRegion`,
      summary: `A region of ${memory}: there is none`,
      parameters: [region],
      answers: {},
      errors: ['NAME_NOT_FOUND'],
    },
    register: {
      ...post,
      path: `${path}/region/:region/register`,
      id: `v2Register${name}SharedMemory`,
      summary: `Register a region of ${memory}: not supported`,
      parameters: [region],
      answers: {},
      errors: ['UNSUPPORTED'],
    },
    unregisterAll: {
      ...post,
      path: `${path}/unregister`,
      id: `v2Unregister${name}SharedMemory`,
      summary: `Forget all regions of ${memory}`,
      answers: done,
    },
    unregister: {
      ...post,
      path: `${path}/region/:region/unregister`,
      id: `v2Unregister${name}SharedMemoryRegion`,
      summary: `Forget a region of ${memory}`,
      parameters: [region],
      answers: done,
    },
  } as const satisfies Record<string, Operation>;
}

/** Shared memory as of a server that has it off. */
export const v2SharedMemoryOperations = { system: sharedMemoryOf('system'), cuda: sharedMemoryOf('cuda') } as const;
