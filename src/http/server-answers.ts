import { z } from 'zod';
import { warmUpSchema } from './model-answers.js';

/** GET /healthz/live. */
export const liveSchema = z.object({ live: z.literal(true) });

/** GET /healthz/ready. */
export const readySchema = z.object({
  ready: z.boolean(),
  loading: z.int().exactOptional().describe('Model versions that are loading'),
  warm_up: warmUpSchema.exactOptional().describe('How far the warm-up of these is, all in all'),
});

/** GET /version. */
export const versionSchema = z.object({
  name: z.literal('millrace'),
  version: z.string(),
  node: z.string().describe('The version of Node that runs it'),
});

export type Live = z.output<typeof liveSchema>;
export type Ready = z.output<typeof readySchema>;
export type Version = z.output<typeof versionSchema>;
