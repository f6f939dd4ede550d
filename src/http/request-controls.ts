import { z } from 'zod';
import { MillraceError } from '../core/errors.js';
import { describeIssues } from '../core/zod-issues.js';
import { idSchema, type PredictRequest, parametersSchema } from './predict-envelope.js';

/** What a request says beside its model and its items. */
export interface Controls {
  readonly id: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
}

export const noControls: Controls = { id: undefined, timeoutMs: undefined, priority: undefined };

/** They stand side by side where each is a text of its own, in a query or a form; in a form also as `parameters`. */
export const controlsSchema = z.strictObject({
  id: idSchema.optional(),
  ...parametersSchema.shape,
  parameters: parametersSchema.optional(),
});

/**
 * Checks them as those of a JSON envelope are checked.
 *
 * @param said texts, but `parameters` as it was parsed; without a key for what was not said
 * @param place what stands before a name where an error names it, such as `query.`
 * @throws MillraceError INVALID_REQUEST
 */
export function readControls(said: Readonly<Record<string, unknown>>, place = ''): Controls {
  const values = Object.fromEntries(
    Object.entries(said).map(([key, value]) => [key, key === 'id' ? value : numberIn(value)]),
  );
  const result = controlsSchema.safeParse(values);
  if (!result.success) {
    const problems = describeIssues(result.error, controlsSchema, values);
    const text = problems.map(({ path, message }) => `${place}${path}: ${message}`).join('; ');
    throw new MillraceError('INVALID_REQUEST', text, { path: `${place}${problems[0]?.path}` });
  }
  const { id, timeout_ms: timeoutMs, priority, parameters } = result.data;
  return {
    id,
    timeoutMs: agreed(timeoutMs, parameters?.timeout_ms, 'timeout_ms'),
    priority: agreed(priority, parameters?.priority, 'priority'),
  };
}

/**
 * A request with what its URL says besides. A priority of 0 says nothing.
 *
 * @throws MillraceError INVALID_REQUEST if the two say different things
 */
export function withControls(request: PredictRequest, { id, timeoutMs, priority }: Controls): PredictRequest {
  if (id === undefined && timeoutMs === undefined && priority === undefined) return request;
  return {
    ...request,
    id: agreed(id, request.id, 'id'),
    timeoutMs: agreed(timeoutMs, request.timeoutMs, 'timeout_ms'),
    priority: agreed(priority || undefined, request.priority || undefined, 'priority') ?? 0,
  };
}

/**
 * What was said at one or two places.
 *
 * @param path how errors call it
 * @throws MillraceError INVALID_REQUEST if the two say different things
 */
export function agreed<T extends string | number>(
  first: T | undefined,
  second: T | undefined,
  path: string,
): T | undefined {
  if (first === undefined || second === undefined || first === second) return first ?? second;
  const [expected, got] = [first, second].map((value) => String(value).slice(0, 128)) as [string, string];
  throw new MillraceError('INVALID_REQUEST', `The request says two different things for ${path}.`, {
    path,
    expected,
    got,
  });
}

/** A whole number that stands in a text; what is no such text stays as it is, for the schema to refuse. */
function numberIn(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
