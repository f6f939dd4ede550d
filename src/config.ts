import { z } from 'zod';
import { MillraceError } from './core/errors.js';
import { describeIssues } from './core/zod-issues.js';
import { grpcSchema } from './grpc/grpc-config.js';
import { authSchema, corsSchema, tlsSchema, trustedProxiesSchema } from './http/edge-config.js';
import { httpLimitsSchema } from './http/limits.js';
import { logLevels } from './observe/logger.js';
import { metricsSchema } from './observe/metrics-config.js';
import { observersSchema } from './observe/own-observer.js';
import { executionProvidersSchema } from './runtime/runtime-config.js';
import { loadAtStartSchema, modelControlSchema } from './serving/control-config.js';
import { serverMemorySchema } from './serving/memory-config.js';

const milliseconds = z.int().min(0).max(2_147_483_647);

/** The limits of the edge, and those of each model that says nothing else in its model.yaml. */
const limitsSchema = z.strictObject({
  ...httpLimitsSchema.shape,
  queue_rows: z.int().min(1).default(1_024).describe('Rows accepted for one model and not settled'),
  queue_bytes: z
    .int()
    .min(1)
    .default(256 * 1024 * 1024)
    .describe('Bytes of input tensors accepted for one model and not settled'),
  timeout_ms: milliseconds
    .min(1)
    .default(30_000)
    .describe('A job is given up after so long, unless the request says otherwise'),
  queue_timeout_ms: milliseconds
    .min(1)
    .exactOptional()
    .describe('A job is given up if it has not begun to run after so long, unless the request says otherwise'),
  load_timeout_ms: milliseconds
    .min(1)
    .default(120_000)
    .describe('A model must have loaded, been probed and warmed up after so long'),
  execution_timeout_ms: milliseconds
    .min(1)
    .default(60_000)
    .describe('An execution must be over after so long; its [instance](isolation.md) is given up and replaced else'),
  drain_timeout_ms: milliseconds
    .default(60_000)
    .describe('What a version has accepted has so long to finish when it is unloaded, evicted or replaced'),
  model_bytes: z
    .int()
    .min(1)
    .default(8 * 1024 * 1024 * 1024)
    .describe('Bytes of one model file with its external data'),
});

/** Everything that can be set, with its default. The same names serve in millrace.yaml, in MILLRACE_… variables and for embedding. */
export const serverConfigSchema = z.strictObject({
  models: z.string().min(1).default('./models').describe('The model repository'),
  host: z.string().min(1).default('127.0.0.1').describe('The address to listen on'),
  port: z.int().min(0).max(65_535).default(8_000).describe('The port; 0 takes any that is free'),
  grpc: grpcSchema.prefault({}).describe('The same over gRPC, on a port of its own'),
  auth: authSchema
    .exactOptional()
    .describe(
      'With `keys_file` only requests with a [key](#keys) are taken; `none` lets everybody in who can reach the address. One of them must be said where that is more than this machine',
    ),
  trusted_proxies: trustedProxiesSchema
    .prefault([])
    .describe(
      'Proxies whose `X-Forwarded-…` headers count: for the address of the client in the log, and for links. They must pass `Host` on as it came, or web pages of the server itself look like those of others',
    ),
  model_control: modelControlSchema,
  load_at_start: loadAtStartSchema,
  memory: serverMemorySchema.prefault({}).describe('What the loaded models may take together, and which of them go'),
  execution_providers: executionProvidersSchema
    .exactOptional()
    .describe('For models that name none; without it CUDA where it works, else the CPU'),
  instances: z
    .int()
    .min(1)
    .max(64)
    .exactOptional()
    .describe('Instances of a model on the CPU; without it as many as there are processors, at most 8'),
  model_code: z
    .boolean()
    .default(false)
    .describe(
      'Whether steps of a pipeline may be files of code in the model folders; who can write there can then run code here',
    ),
  tls: tlsSchema
    .exactOptional()
    .describe('With it the server speaks TLS, 1.2 or newer, and nothing else; also for gRPC'),
  cors: corsSchema.prefault({}).describe('Which web pages may use the server from a browser'),
  observers: observersSchema.prefault([]).describe('Files of code that are told of all that happens'),
  metrics: metricsSchema.prefault({}).describe('What Prometheus is told besides, and where'),
  limits: limitsSchema
    .prefault({})
    .describe('What clients may ask of the server, and of each model that sets no limit itself'),
  log: z
    .strictObject({
      level: z
        .enum(logLevels)
        .default('info')
        .describe('Lines of this level and graver ones are written; requests that went well are `debug`'),
    })
    .prefault({})
    .describe('The log: JSON lines on standard output'),
  shutdown: z
    .strictObject({
      grace_ms: milliseconds.default(2_000).describe('After the signal requests are still answered for so long'),
      timeout_ms: milliseconds.default(30_000).describe('Work that was accepted has so long to finish after that'),
    })
    .prefault({})
    .describe('What happens after SIGTERM or SIGINT'),
});

export type ServerConfig = z.output<typeof serverConfigSchema>;
export type ServerConfigInput = z.input<typeof serverConfigSchema>;

/** One place that settings come from, such as a file or the environment. */
export interface ConfigLayer {
  readonly values: Readonly<Record<string, unknown>>;
  /** How messages call a setting of this layer, such as `--port` or `MILLRACE_PORT`. */
  nameOf(path: string): string;
}

/**
 * Puts layers of settings together, later ones over earlier ones, and checks the whole.
 *
 * @throws MillraceError INVALID_REQUEST with all that is wrong, each named as its layer calls it
 */
export function resolveConfig(layers: readonly ConfigLayer[]): ServerConfig {
  const merged = layers.reduce<Record<string, unknown>>((below, { values }) => mergeOver(below, values), {});
  const result = serverConfigSchema.safeParse(merged);
  const problems = result.success ? [] : describeIssues(result.error, serverConfigSchema, merged);
  const lines = problems.map(({ path, message }) => `${nameIn(layers, path)}: ${message}`);
  const { host: address = '127.0.0.1', auth } = merged;
  if (typeof address === 'string' && address !== '' && !isLoopback(address) && auth === undefined) {
    const host = `${nameIn(layers, 'host')}: ${address} can be reached from other machines`;
    lines.push(
      `${host}, and keys are not asked for; name a file of keys (--keys FILE), say auth: none (MILLRACE_AUTH=none) if that is meant, or listen on 127.0.0.1`,
    );
  }
  if (result.success && lines.length === 0) return result.data;
  throw new MillraceError('INVALID_REQUEST', lines.join('\n'));
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function mergeOver(below: Record<string, unknown>, above: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const under = merged[key];
    merged[key] = isMapping(under) && isMapping(value) ? mergeOver(under, value) : value;
  }
  return merged;
}

/** The layer that a setting came from is the last one that has it; a default has none. */
function nameIn(layers: readonly ConfigLayer[], path: string): string {
  const keys = path.split(/[.[]/);
  const layer = layers.findLast(({ values }) => {
    let at: unknown = values;
    for (const key of keys) {
      if (!isMapping(at)) return at !== undefined;
      at = at[key];
    }
    return at !== undefined;
  });
  return layer?.nameOf(path) ?? path;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
