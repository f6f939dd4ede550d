import { MillraceError } from '../../core/errors.js';
import type { JobService } from '../../jobs/job-service.js';
import { type CancelledAnswer, jobAnswer, jobGroupAnswer } from '../job-answers.js';
import { jobOperations } from '../openapi/job-operations.js';
import { type Route, sendText } from '../route.js';

/** GET /jobs/{id} and DELETE /jobs/{id}. */
export function jobRoutes(jobs: JobService): Route[] {
  return [
    {
      ...jobOperations.show,
      handle: ({ request, response, context }) => {
        const id = String(request.params['id']);
        const found = jobs.find(id, context.tenant);
        if (found === undefined) throw notFound(id);
        const body = Array.isArray(found) ? jobGroupAnswer(id, found, context.id) : jobAnswer(found, context.id);
        sendText(response, 200, JSON.stringify(body));
      },
    },
    {
      ...jobOperations.cancel,
      handle: ({ request, response, context }) => {
        const id = String(request.params['id']);
        jobs.cancel(id, context.tenant);
        const answer: CancelledAnswer = { id, state: 'cancelled' };
        sendText(response, 200, JSON.stringify(answer));
      },
    },
  ];
}

function notFound(id: string): MillraceError {
  return new MillraceError('JOB_NOT_FOUND', 'There is no such job, or it finished too long ago to be remembered.', {
    path: 'id',
    expected: 'a job in flight, or one that finished within the last minute',
    got: id.slice(0, 128),
  });
}
