import { z } from 'zod';
import type { JobState, JobView } from '../jobs/job.js';
import { roundedTimings, timingsSchema } from './prediction-answers.js';
import { problemOf, problemSchema } from './problem.js';

const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const satisfies readonly JobState[];

/** How one job stands. */
export const jobSchema = z
  .object({
    id: z.string(),
    model: z.string(),
    version: z.string(),
    state: z.enum(states),
    error: problemSchema.exactOptional().describe('Why it failed'),
    timings_ms: timingsSchema.exactOptional().describe('Once it has ended'),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().exactOptional(),
  })
  .readonly();

/** The items of one request; each is a job of its own. */
export const jobGroupSchema = z.object({ id: z.string(), items: z.array(jobSchema) });

export const jobAnswerSchema = z.union([jobSchema, jobGroupSchema]).describe('A job, or those of one request');

export const cancelledSchema = z.object({ id: z.string(), state: z.literal('cancelled') });

export type CancelledAnswer = z.output<typeof cancelledSchema>;

/** @param requestId of the request that asks */
export function jobAnswer(view: JobView, requestId: string): z.output<typeof jobSchema> {
  const { id, model, version, state, error, timings, createdAt, finishedAt } = view;
  return {
    id,
    model,
    version,
    state,
    ...(error === undefined ? {} : { error: problemOf(error, requestId) }),
    ...(timings === undefined ? {} : { timings_ms: roundedTimings(timings) }),
    created_at: new Date(createdAt).toISOString(),
    ...(finishedAt === undefined ? {} : { finished_at: new Date(finishedAt).toISOString() }),
  };
}

export function jobGroupAnswer(
  id: string,
  views: readonly JobView[],
  requestId: string,
): z.output<typeof jobGroupSchema> {
  return { id, items: views.map((view) => jobAnswer(view, requestId)) };
}
