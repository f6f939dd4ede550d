import { z } from 'zod';
import type { ModelState } from '../core/events.js';
import type { IndexEntry } from '../serving/model-control.js';

/** Those that the protocol has. */
const states = ['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'] as const satisfies readonly ModelState[];

const EVICTED = 'not in memory; the next request for it loads it';

/** A model version as the repository index shows it. */
export const indexedModelSchema = z
  .object({
    name: z.string(),
    version: z.string().optional().describe('Missing where a model has none to serve'),
    state: z.enum(states),
    reason: z.string().describe('Why it is not READY; or, if it is, that its next request has to wait for its load'),
  })
  .readonly();

export const repositoryIndexSchema = z.array(indexedModelSchema);

/**
 * A model without a version has none in its line, and what is READY needs no reason. What was evicted answers, if slowly,
 * and the protocol has no word for it.
 */
export function indexed({ name, version, state, reason = '' }: IndexEntry): z.output<typeof indexedModelSchema> {
  const known = { name, ...(version === '' ? {} : { version }) };
  return state === 'EVICTED' ? { ...known, state: 'READY', reason: EVICTED } : { ...known, state, reason };
}
