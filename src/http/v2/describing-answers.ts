import { z } from 'zod';

/** GET /v2/models. */
export const modelNamesSchema = z.object({ models: z.array(z.string()) });

/** GET /v2/models/{name}/ready. */
export const modelReadySchema = z.object({ name: z.string(), ready: z.boolean() });

export type ModelNames = z.output<typeof modelNamesSchema>;
export type ModelReady = z.output<typeof modelReadySchema>;
