import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { cancelledSchema, jobAnswerSchema } from '../job-answers.js';
import { type Operation, type Parameter, refusal } from './operation.js';

const jobId: Parameter = {
  in: 'path',
  name: 'id',
  description: 'The id of a job, or of a request with several items',
  schema: z.string().min(1),
};

export const jobOperations = {
  show: {
    method: 'get',
    path: '/jobs/:id',
    scope: 'jobs',
    id: 'getJob',
    tag: 'jobs',
    summary: 'How a job stands',
    description: 'Without what was sent and what came of it. Keys see the jobs of their own tenant alone.',
    parameters: [jobId],
    answers: {
      200: { description: 'The job, or the jobs of a request', content: { 'application/json': jobAnswerSchema } },
    },
    errors: ['JOB_NOT_FOUND'],
    examples: {
      finishedJob: {
        summary: 'A job that has ended',
        parameters: { id: 'example-penguin' },
        status: 200,
        answer: {
          type: 'application/json',
          value: {
            id: 'example-penguin',
            model: 'penguins',
            version: '1',
            state: 'succeeded',
            timings_ms: { queue: 0.529, preprocess: 0.084, inference: 0.579, postprocess: 0.04, total: 1.29 },
            created_at: '2027-01-31T12:00:00.000Z',
            finished_at: '2027-01-31T12:00:00.001Z',
          },
        },
      },
      unknownJob: {
        summary: 'No job at all',
        parameters: { id: 'nothing', 'X-Request-Id': 'example-1' },
        ...refusal(
          new MillraceError('JOB_NOT_FOUND', 'There is no such job, or it finished too long ago to be remembered.', {
            path: 'id',
            expected: 'a job in flight, or one that finished within the last minute',
            got: 'nothing',
          }),
          'example-1',
        ),
      },
    },
  },
  cancel: {
    method: 'delete',
    path: '/jobs/:id',
    scope: 'jobs',
    id: 'cancelJob',
    tag: 'jobs',
    summary: 'Cancel a job',
    description:
      'A job that waits is not executed; one that runs already runs to its end for nobody. Who waits for its answer gets `CANCELLED`.',
    parameters: [jobId],
    answers: { 200: { description: 'It is cancelled', content: { 'application/json': cancelledSchema } } },
    errors: ['JOB_NOT_FOUND', 'JOB_FINISHED'],
    examples: {
      tooLate: {
        summary: 'A job that has ended',
        parameters: { id: 'example-penguin', 'X-Request-Id': 'example-2' },
        ...refusal(
          new MillraceError('JOB_FINISHED', 'The job has finished; there is nothing to cancel.', {
            path: 'id',
            got: 'example-penguin',
          }),
          'example-2',
        ),
      },
    },
  },
} as const satisfies Record<string, Operation>;
