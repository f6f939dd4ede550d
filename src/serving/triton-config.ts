import { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import { nestsDeeperThan } from '../core/nesting.js';
import { describeIssues } from '../core/zod-issues.js';

const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_CONFIG_NESTING = 32;

/**
 * The part of Triton's ModelConfig that means something here, by its JSON names (model_config.proto of
 * triton-inference-server/common). Other keys of it are refused rather than passed over.
 */
const tritonSchema = z.object({
  name: z.string().exactOptional(),
  platform: z.literal('onnxruntime_onnx').exactOptional(),
  backend: z.literal('onnxruntime').exactOptional(),
  max_batch_size: z.int().min(0).exactOptional(),
  version_policy: z
    .union([
      z.strictObject({ latest: z.strictObject({ num_versions: z.int().min(1) }) }),
      z.strictObject({ all: z.strictObject({}) }),
      z.strictObject({ specific: z.strictObject({ versions: z.array(z.int().min(1)).min(1) }) }),
    ])
    .exactOptional(),
  dynamic_batching: z.strictObject({ max_queue_delay_microseconds: z.number().min(0).exactOptional() }).exactOptional(),
  instance_group: z
    .tuple([
      z.strictObject({
        count: z.int().min(1).exactOptional(),
        kind: z.enum(['KIND_AUTO', 'KIND_CPU']).exactOptional(),
        name: z.string().exactOptional(),
      }),
    ])
    .exactOptional(),
});

const tritonKeys = Object.keys(tritonSchema.shape);

/**
 * Reads the configuration that a load brings: a JSON text with the keys of model.yaml, those of Triton's model
 * configuration, or both.
 *
 * @returns what a model.yaml would hold, not yet checked
 * @throws MillraceError INVALID_REQUEST
 */
export function configFromTriton(text: string, name: string): Record<string, unknown> {
  const document = parsed(text);
  const [own, triton] = [{ ...document }, {} as Record<string, unknown>];
  for (const key of tritonKeys) {
    if (!Object.hasOwn(document, key)) continue;
    triton[key] = document[key];
    delete own[key];
  }
  const result = tritonSchema.safeParse(triton);
  if (!result.success) throw refused(describeIssues(result.error, tritonSchema, triton));
  const config = result.data;
  if (config.name !== undefined && config.name !== name)
    throw refused([{ path: 'name', message: `expected ${name}; got ${config.name.slice(0, 128)}` }]);
  const meant = { ...fromTriton(config), ...own };
  // There the batch size is also the most rows that a request may have.
  const { max_batch_size: rows = 0 } = config;
  const { limits = {} } = own;
  return rows > 0 && isObject(limits) ? { ...meant, limits: { max_rows: rows, ...limits } } : meant;
}

function fromTriton(config: z.output<typeof tritonSchema>): Record<string, unknown> {
  const { max_batch_size: rows, dynamic_batching: dynamic, instance_group: groups, version_policy: versions } = config;
  const batching = {
    ...(rows !== undefined && { max_batch_size: Math.max(1, rows) }),
    ...(dynamic?.max_queue_delay_microseconds !== undefined && {
      policy: 'static',
      max_queue_delay_ms: dynamic.max_queue_delay_microseconds / 1e3,
    }),
  };
  const [group] = groups ?? [];
  const instances = {
    ...(group?.count !== undefined && { count: group.count }),
    ...(group?.kind === 'KIND_CPU' && { device: 'cpu' }),
  };
  return {
    ...(Object.keys(batching).length > 0 && { batching }),
    ...(Object.keys(instances).length > 0 && { instances }),
    ...(versions !== undefined && { versions: policyOf(versions) }),
  };
}

function policyOf(policy: NonNullable<z.output<typeof tritonSchema>['version_policy']>): unknown {
  if ('latest' in policy) return { latest: policy.latest.num_versions };
  return 'all' in policy ? 'all' : policy.specific.versions;
}

function parsed(text: string): Record<string, unknown> {
  const place = '(document)';
  if (text.length > MAX_CONFIG_BYTES)
    throw refused([{ path: place, message: `it is longer than ${MAX_CONFIG_BYTES}` }]);
  if (nestsDeeperThan(Buffer.from(text), MAX_CONFIG_NESTING))
    throw refused([{ path: place, message: 'it nests too deep' }]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused([{ path: place, message: `it is no JSON: ${reasonOf(error).slice(0, 200)}` }]);
  }
  if (isObject(value)) return value;
  throw refused([{ path: place, message: 'expected an object' }]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(problems: readonly { path: string; message: string }[]): MillraceError {
  const text = problems.map(({ path, message }) => `parameters.config: ${path}: ${message}`).join('; ');
  return new MillraceError('INVALID_REQUEST', text, { path: 'parameters.config' });
}
