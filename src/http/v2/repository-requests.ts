import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { parseJson } from '../../core/json-document.js';
import { describeIssues } from '../../core/zod-issues.js';

/** POST /v2/repository/index. */
export const indexRequestSchema = z.object({
  ready: z.boolean().optional().describe('Whether only what is READY is wanted'),
});

/** POST /v2/repository/models/{name}/load and …/unload. */
export const controlRequestSchema = z.object({
  parameters: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('`config`: a model configuration as a text of JSON; `file:PATH`: a file as base64, with a `config` only'),
});

/**
 * Reads a body of JSON; nothing stands for an empty object.
 *
 * @throws MillraceError INVALID_JSON, or INVALID_REQUEST with all that is wrong
 */
export function readAs<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  const document = body.length === 0 ? {} : parseJson(body);
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const problems = describeIssues(result.error, schema, document);
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new MillraceError('INVALID_REQUEST', `failed to parse the request: ${text}`);
}
