import { z } from 'zod';

/** `metrics`: what else is told of the server, and where. */
export const metricsSchema = z.strictObject({
  triton: z
    .boolean()
    .default(false)
    .describe(
      "Whether the metrics are also told under Triton's names, `nv_inference_…`, for dashboards that know those",
    ),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .exactOptional()
    .describe(
      'A second port that answers `GET /metrics` alone, for tools that expect one, such as 8002; 0 takes any that is free',
    ),
});
