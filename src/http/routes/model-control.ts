import type { Request } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { describeIssues } from '../../core/zod-issues.js';
import { type LoadOverride, overrideFrom } from '../../serving/load-override.js';
import type { ModelControl } from '../../serving/model-control.js';
import type { ModelManager } from '../../serving/model-manager.js';
import { parseJson, readBody } from '../body.js';
import type { HttpLimits } from '../limits.js';
import { summarise } from '../model-description.js';
import { type Route, sendText } from '../route.js';

/** The body of POST /models/{name}/load. All of it is optional, and so is the body. */
const loadSchema = z.strictObject({
  config: z.record(z.string(), z.unknown()).optional().describe('Instead of model.yaml, with its keys'),
  files: z
    .record(z.string(), z.string())
    .optional()
    .describe('Instead of all files of the model: base64 by path, such as `1/model.onnx`; needs `config`'),
});

export interface ControlServices {
  readonly control: ModelControl;
  readonly models: ModelManager;
  readonly limits: HttpLimits;
}

/** POST /models/{name}/load and /unload. */
export function modelControlRoutes({ control, models, limits }: ControlServices): Route[] {
  const answer = (name: string) => JSON.stringify(summarise(models.entry(name), models));
  return [
    {
      method: 'post',
      path: '/models/:name/load',
      scope: 'admin',
      handle: async ({ request, response }) => {
        const name = String(request.params['name']);
        await control.load(name, await readOverride(request, limits.body_bytes));
        sendText(response, 200, answer(name));
      },
    },
    {
      method: 'post',
      path: '/models/:name/unload',
      scope: 'admin',
      handle: async ({ request, response }) => {
        const name = String(request.params['name']);
        await control.unload(name);
        sendText(response, 200, answer(name));
      },
    },
  ];
}

/** @throws MillraceError INVALID_JSON, INVALID_REQUEST, PAYLOAD_TOO_LARGE */
async function readOverride(request: Request, maxBytes: number): Promise<LoadOverride> {
  const body = await readBody(request, maxBytes);
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
