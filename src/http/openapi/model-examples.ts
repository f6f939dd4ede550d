import { MillraceError } from '../../core/errors.js';
import type { ModelDescription, ModelList } from '../model-answers.js';
import { type Example, refusal } from './operation.js';

const json = 'application/json';
const ready = { state: 'READY', versions: [{ version: '1', state: 'READY', memory_bytes: 19_922_944 }] } as const;

const bundled: ModelList = {
  models: ['lande', 'magika', 'penguins', 'symbols'].flatMap((name) => [
    { name, ...ready },
    { name: `${name}.tensors`, tensors_of: name, ...ready },
  ]),
};

const penguins: ModelDescription = {
  name: 'penguins.tensors',
  tensors_of: 'penguins',
  state: 'READY',
  versions: [
    {
      version: '1',
      state: 'READY',
      memory_bytes: 19_922_944,
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4], symbols: ['N', null], batch_axis: 0 }],
      outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 3], symbols: ['N', null], batch_axis: 0 }],
      batching: { batched: true, policy: 'greedy', max_batch_size: 16, max_queue_delay_ms: 0 },
      instances: { count: 2, live: 2, restarts: 0, isolation: 'thread' },
      execution_provider: 'cpu',
      limits: {
        queue_rows: 1024,
        queue_bytes: 268_435_456,
        max_rows: 1024,
        timeout_ms: 30_000,
        execution_timeout_ms: 60_000,
      },
      example: { model: 'penguins.tensors', input: [0.795, 0.828, 0.692, 0.881] },
    },
  ],
};

/** Of GET /models. */
export const listExamples: Readonly<Record<string, Example>> = {
  bundledModels: { summary: 'The models that come with millrace', status: 200, answer: { type: json, value: bundled } },
};

/** Of GET /models/{name}. */
export const showExamples: Readonly<Record<string, Example>> = {
  tensorModel: {
    summary: 'A model without its pipeline',
    parameters: { name: 'penguins.tensors' },
    status: 200,
    answer: { type: json, value: penguins },
  },
};

/** Of POST /models/{name}/load. */
export const loadExamples: Readonly<Record<string, Example>> = {
  controlIsOff: {
    summary: 'A server that serves what was in the folder when it started',
    parameters: { name: 'penguins', 'X-Request-Id': 'example-3' },
    body: { type: json, value: { config: { batching: { max_batch_size: 8 } } } },
    ...refusal(
      new MillraceError(
        'MODEL_CONTROL_OFF',
        'explicit model load / unload is not allowed if model_control is none; start the server with --model-control explicit to allow it.',
        { path: 'model_control', expected: 'explicit', got: 'none' },
      ),
      'example-3',
    ),
  },
};
