import { z } from 'zod';
import { providerNames } from './execution-providers.js';

const providerSchema = z.union([
  z.enum(providerNames),
  z.strictObject({
    name: z.enum(providerNames),
    options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  }),
]);

/** `execution_providers`: in order of preference; a name, or a name with the provider's own options. */
export const executionProvidersSchema = z
  .array(providerSchema)
  .min(1)
  .transform((list) => list.map((entry) => (typeof entry === 'string' ? { name: entry, options: {} } : entry)));

/** `instances`: how many copies of the model run side by side, and where. */
export const instancesSchema = z.strictObject({
  count: z.int().min(1).max(64).exactOptional(),
  device: z
    .string()
    .regex(/^(auto|cpu|gpu:\d{1,2})$/, 'expected auto, cpu or gpu:N')
    .default('auto'),
  isolation: z.enum(['thread']).default('thread'),
});

/** `session`: ONNX Runtime's own options; `config` takes its session configuration entries by their full key. */
export const sessionSchema = z.strictObject({
  intra_op_threads: z.int().min(1).max(256).default(1),
  inter_op_threads: z.int().min(1).max(256).default(1),
  graph_optimization: z.enum(['disabled', 'basic', 'extended', 'layout', 'all']).default('all'),
  memory_arena: z.boolean().default(true),
  memory_pattern: z.boolean().default(true),
  free_dimensions: z.record(z.string(), z.int().min(1)).default({}),
  config: z.record(z.string(), z.string()).default({}),
});

export type InstancesConfig = z.output<typeof instancesSchema>;
export type SessionConfig = z.output<typeof sessionSchema>;
