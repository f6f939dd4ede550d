import { z } from 'zod';
import { providerNames } from './execution-providers.js';

const providerSchema = z
  .union([
    z.enum(providerNames),
    z.strictObject({
      name: z.enum(providerNames).describe('Its name'),
      options: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .default({})
        .describe('Its options, as ONNX Runtime names them'),
    }),
  ])
  .describe('A provider by name, or with its options');

/** `execution_providers`: in order of preference; a name, or a name with the provider's own options. */
export const executionProvidersSchema = z
  .array(providerSchema)
  .min(1)
  .transform((list) => list.map((entry) => (typeof entry === 'string' ? { name: entry, options: {} } : entry)));

/** `instances.recycle`: without any of it an instance stays for as long as it can. */
const recycleSchema = z.strictObject({
  runs: z.int().min(1).exactOptional().describe('After so many executions'),
  resident_growth_bytes: z
    .int()
    .min(1)
    .exactOptional()
    .describe('For `process`: when its memory has grown by so much since it was ready'),
  error_rate: z.number().min(0.01).max(1).exactOptional().describe('When this share of its last 20 executions failed'),
});

export type RecycleConfig = z.output<typeof recycleSchema>;

/** `instances`: how many copies of the model run side by side, and where. */
export const instancesSchema = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(64)
    .exactOptional()
    .describe("Copies of the model; without it the server's `instances` on the CPU, and 1 elsewhere"),
  device: z
    .string()
    .regex(/^(auto|cpu|gpu:\d{1,2})$/, 'expected auto, cpu or gpu:N')
    .default('auto')
    .describe('`cpu` and `gpu:N` say where; `auto` leaves it to the execution providers'),
  isolation: z
    .enum(['thread', 'process'])
    .default('thread')
    .describe('Each instance has a worker thread or a [process](isolation.md) to itself'),
  memory_bytes: z
    .int()
    .min(16 * 1024 * 1024)
    .exactOptional()
    .describe(
      'For `process`, on Linux: memory that an instance may ask the system for, beside that of Node.js itself; without it 4 GiB on the CPU, and no limit elsewhere',
    ),
  recycle: recycleSchema.prefault({}).describe('When an instance is replaced by a new one before it fails'),
});

/** For a model on the CPU that says nothing else. */
export const DEFAULT_MEMORY_BYTES = 4 * 1024 * 1024 * 1024;

export type Isolation = z.output<typeof instancesSchema>['isolation'];

/** `session`: ONNX Runtime's own options; `config` takes its session configuration entries by their full key. */
export const sessionSchema = z.strictObject({
  intra_op_threads: z.int().min(1).max(256).default(1).describe('Threads that share the work of one operator'),
  graph_optimization: z
    .enum(['disabled', 'basic', 'extended', 'layout', 'all'])
    .default('all')
    .describe('How far the graph is rewritten at load to run faster'),
  memory_arena: z.boolean().default(true).describe('Whether memory of the CPU is kept for the next run'),
  memory_pattern: z
    .boolean()
    .default(true)
    .describe('Whether the memory of a run is planned from earlier ones of the same shapes'),
  config: z
    .record(z.string(), z.string())
    .default({})
    .describe('Configuration entries of the session, by their full key'),
});

export type SessionConfig = z.output<typeof sessionSchema>;
