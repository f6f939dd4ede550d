import { z } from 'zod';

/*
 * What routes answer that only say a word.
 */

/** GET /v2/models. */
export const modelNamesSchema = z.object({ models: z.array(z.string()) });

/** GET /v2/models/{name}/ready. */
export const modelReadySchema = z.object({ name: z.string(), ready: z.boolean() });

/** What is answered where there is nothing to say. Triton sends no body, which is not the JSON that its type promises. */
export const doneSchema = z.object({});

export type ModelNames = z.output<typeof modelNamesSchema>;
export type ModelReady = z.output<typeof modelReadySchema>;
export type Done = z.output<typeof doneSchema>;
