import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { MillraceError } from '../core/errors.js';
import { parseJson } from '../core/json-document.js';
import { describeIssues } from '../core/zod-issues.js';
import { type LoadOverride, overrideFrom } from '../serving/load-override.js';
import { readBody } from './body.js';
import type { BodyBudget } from './body-budget.js';
import type { HttpLimits } from './limits.js';

/** The body of POST /models/{name}/load. All of it is optional, and so is the body. */
export const loadSchema = z.strictObject({
  config: z.record(z.string(), z.unknown()).optional().describe('Instead of model.yaml, with its keys'),
  files: z
    .record(z.string(), z.string())
    .optional()
    .describe('Instead of all files of the model: base64 by path, such as `1/model.onnx`; needs `config`'),
});

/** @throws MillraceError INVALID_JSON, INVALID_REQUEST, PAYLOAD_TOO_LARGE, OVERLOADED, CLIENT_CLOSED_REQUEST */
export async function readLoad(
  request: IncomingMessage,
  { limits, bodies }: { limits: HttpLimits; bodies: BodyBudget },
): Promise<LoadOverride> {
  const body = await readBody(request, limits.body_bytes, bodies);
  if (body.length === 0) return {};
  const document = parseJson(body);
  const result = loadSchema.safeParse(document);
  if (!result.success) {
    const problems = describeIssues(result.error, loadSchema, document);
    const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new MillraceError('INVALID_REQUEST', text, { path: problems[0]?.path ?? '(document)' });
  }
  const { config, files = {} } = result.data;
  const named = Object.entries(files).map(([path, content]) => [`file:${path}`, content] as const);
  return overrideFrom({ ...Object.fromEntries(named), ...(config && { config: JSON.stringify(config) }) });
}
