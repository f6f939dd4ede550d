import { MillraceError } from '../../core/errors.js';
import type { Timings } from '../../core/events.js';
import type { JobView } from '../../jobs/job.js';
import type { JobService } from '../../jobs/job-service.js';
import { problemOf } from '../problem.js';
import type { RequestContext } from '../request-context.js';
import { type Route, sendText } from '../route.js';

/** GET /jobs/{id} and DELETE /jobs/{id}. */
export function jobRoutes(jobs: JobService): Route[] {
  return [
    {
      method: 'get',
      path: '/jobs/:id',
      scope: 'jobs',
      handle: ({ request, response, context }) => {
        const id = String(request.params['id']);
        const found = jobs.find(id, context.tenant);
        if (found === undefined) throw notFound(id);
        const body = Array.isArray(found) ? groupView(id, found, context) : jobView(found, context);
        sendText(response, 200, JSON.stringify(body));
      },
    },
    {
      method: 'delete',
      path: '/jobs/:id',
      scope: 'jobs',
      handle: ({ request, response, context }) => {
        const id = String(request.params['id']);
        jobs.cancel(id, context.tenant);
        sendText(response, 200, JSON.stringify({ id, state: 'cancelled' }));
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

function jobView(view: JobView, context: RequestContext): object {
  const { id, model, version, state, error, timings, createdAt, finishedAt } = view;
  return {
    id,
    model,
    version,
    state,
    ...(error === undefined ? {} : { error: problemOf(error, context.id) }),
    ...(timings === undefined ? {} : { timings_ms: roundAll(timings) }),
    created_at: new Date(createdAt).toISOString(),
    ...(finishedAt === undefined ? {} : { finished_at: new Date(finishedAt).toISOString() }),
  };
}

/** The items of one request; each is a job of its own. */
function groupView(id: string, views: readonly JobView[], context: RequestContext): object {
  return { id, items: views.map((view) => jobView(view, context)) };
}

/** To whole microseconds, as the answers say it. */
function roundAll(timings: Timings): object {
  return Object.fromEntries(Object.entries(timings).map(([phase, ms]) => [phase, Math.round(ms * 1e3) / 1e3]));
}
