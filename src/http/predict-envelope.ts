import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { TimeLimits } from '../core/abort.js';
import { MillraceError } from '../core/errors.js';
import { describeIssues } from '../core/zod-issues.js';
import { PRIORITY } from '../jobs/job-request.js';

export const idSchema = z
  .string()
  .min(1)
  .max(64)
  .refine((id) => id.isWellFormed() && !/\p{Cc}/u.test(id), 'expected valid Unicode without control characters');

/** A day: who waits longer has been forgotten. */
const MAX_TIMEOUT_MS = 86_400_000;

export const parametersSchema = z.strictObject({
  timeout_ms: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .exactOptional()
    .describe('Answer within so many milliseconds, or not at all'),
  priority: z
    .int()
    .min(0)
    .max(PRIORITY.lowest)
    .exactOptional()
    .describe(`${PRIORITY.highest} is the highest, ${PRIORITY.lowest} the lowest; 0 means ${PRIORITY.default}`),
});

/**
 * The body of POST /predict; `model` and `version` may also stand in the path. The fields are `optional` and not
 * `exactOptional`, which JSON cannot tell apart: zod looks for an issue in each field that is missing otherwise.
 */
export const predictEnvelopeSchema = z
  .strictObject({
    model: z.string().optional().describe('The name of the model, if the URL does not have it'),
    version: z
      .union([z.string(), z.int()])
      .optional()
      .describe('Its version, if the URL does not have it; without one the newest that is READY'),
    id: idSchema.optional().describe('The id of the job; made by the server if it is not given'),
    input: z
      .unknown()
      .optional()
      .describe(
        "One item: what the model's pipeline takes; of a model without one its arrays by name of the input, " +
          'or the bare array where it has one input',
      ),
    inputs: z.array(z.unknown()).min(1).optional().describe('Several items; exactly one of input and inputs is given'),
    parameters: parametersSchema.optional(),
  })
  // For readers of the schema; readEnvelope says it in better words.
  .meta({ oneOf: [{ required: ['input'] }, { required: ['inputs'] }] });

/** A checked request: its items, JSON values or instances of SentFile, and whether they were sent as one or as a list. */
export interface PredictRequest {
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly id: string | undefined;
  readonly items: readonly unknown[];
  readonly isList: boolean;
  readonly timeoutMs: number | undefined;
  readonly priority: number;
}

/**
 * Checks the envelope of a prediction; the items themselves are checked against the model later.
 *
 * @throws MillraceError INVALID_REQUEST with all that is wrong; TOO_MANY_ROWS
 */
export function readEnvelope(body: unknown, maxRows: number): PredictRequest {
  const result = predictEnvelopeSchema.safeParse(body);
  if (!result.success) {
    const problems = describeIssues(result.error, predictEnvelopeSchema, body);
    const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw invalid(text, problems[0]?.path ?? '(document)');
  }
  const { model, version, id, input, inputs, parameters } = result.data;
  const hasInput = Object.hasOwn(body as object, 'input');
  if (hasInput === (inputs !== undefined)) {
    throw invalid(
      `Exactly one of input (one item) and inputs (a list of items) is needed; ${hasInput ? 'both' : 'neither'} came.`,
      'input',
    );
  }
  if (inputs !== undefined) checkItemCount(inputs.length, { maxRows, path: 'inputs' });
  return {
    model,
    version: version === undefined ? undefined : String(version),
    id,
    items: inputs ?? [input],
    isList: inputs !== undefined,
    timeoutMs: parameters?.timeout_ms,
    priority: parameters?.priority ?? 0,
  };
}

/** @throws MillraceError TOO_MANY_ROWS */
export function checkItemCount(count: number, { maxRows, path }: { maxRows: number; path: string }): void {
  if (count <= maxRows) return;
  const text = 'The request holds more items than allowed; send them in several requests.';
  throw new MillraceError('TOO_MANY_ROWS', text, { path, expected: `at most ${maxRows} items`, got: `${count}` });
}

/**
 * The model and version that a request names: in the URL, or in the body.
 *
 * @param named what the URL names
 * @throws MillraceError INVALID_REQUEST if it names none, or two different ones
 */
export function targetOf(
  { model, version }: PredictRequest,
  named: { readonly name?: string; readonly version?: string },
): { name: string; version: string | undefined } {
  const name = named.name ?? model;
  if (name === undefined) {
    const details = { path: 'model', expected: 'the name of a model that GET /models lists', got: 'nothing' };
    throw new MillraceError('INVALID_REQUEST', 'The request names no model.', details);
  }
  for (const [path, inBody, inUrl] of [
    ['model', model, named.name],
    ['version', version, named.version],
  ] as const) {
    if (inBody === undefined || inUrl === undefined || inBody === inUrl) continue;
    const text = `The body names another ${path} than the URL.`;
    throw new MillraceError('INVALID_REQUEST', text, {
      path,
      expected: inUrl.slice(0, 128),
      got: inBody.slice(0, 128),
    });
  }
  return { name, version: named.version ?? version };
}

/**
 * Reads the headers X-Request-Timeout-Ms, X-Request-Queue-Timeout-Ms and X-Request-Execution-Timeout-Ms.
 *
 * @throws MillraceError INVALID_REQUEST if one is there and is no whole number of milliseconds
 */
export function timeLimitsFrom(headers: IncomingHttpHeaders): Partial<TimeLimits> {
  return {
    ...timeLimitFrom(headers, 'timeoutMs', 'x-request-timeout-ms'),
    ...timeLimitFrom(headers, 'queueTimeoutMs', 'x-request-queue-timeout-ms'),
    ...timeLimitFrom(headers, 'executionTimeoutMs', 'x-request-execution-timeout-ms'),
  };
}

function timeLimitFrom(
  headers: IncomingHttpHeaders,
  limit: keyof TimeLimits,
  name: string,
): Partial<TimeLimits> | undefined {
  const header = headers[name];
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[1-9]\d{0,7}$/.test(header) && Number(header) <= MAX_TIMEOUT_MS)
    return { [limit]: Number(header) };
  throw new MillraceError('INVALID_REQUEST', 'The timeout is not a whole number of milliseconds.', {
    path: `headers.${name}`,
    expected: `a whole number from 1 to ${MAX_TIMEOUT_MS}`,
    got: String(header).slice(0, 40),
  });
}

function invalid(message: string, path: string): MillraceError {
  return new MillraceError('INVALID_REQUEST', message, { path });
}
