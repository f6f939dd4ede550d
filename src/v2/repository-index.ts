import { z } from 'zod';
import type { ModelState } from '../core/events.js';
import type { IndexEntry } from '../serving/model-control.js';

const states = [
  'LOADING',
  'READY',
  'UNLOADING',
  'UNAVAILABLE',
  'EVICTED',
] as const satisfies readonly ModelState[];

/** A model version as the repository index shows it. */
export const indexedModelSchema = z
  .object({
    name: z.string(),
    version: z.string().optional().describe('Missing where a model has none to serve'),
    state: z.enum(states).describe('EVICTED: not in memory, and loaded by the first request that wants it'),
    reason: z.string().describe('Why it is not READY; empty if it is'),
  })
  .readonly();

export const repositoryIndexSchema = z.array(indexedModelSchema);

/** A model without a version has none in its line, and what is READY needs no reason. */
export function indexed({ name, version, state, reason = '' }: IndexEntry): z.output<typeof indexedModelSchema> {
  return { name, ...(version === '' ? {} : { version }), state, reason };
}
