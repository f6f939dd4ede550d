import { z } from 'zod';
import { MillraceError } from '../../../core/errors.js';
import { parseJson } from '../../../core/json-document.js';
import { describeIssues } from '../../../core/zod-issues.js';
import { type LoadOverride, overrideFrom } from '../../../serving/load-override.js';
import type { IndexEntry } from '../../../serving/model-control.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import { readSmallBody } from '../infer-body.js';
import type { V2Services } from '../v2-services.js';

const indexSchema = z.object({ ready: z.boolean().optional() });
const controlSchema = z.object({ parameters: z.record(z.string(), z.unknown()).optional() });

/** What stands before the path of a file that is sent along. */
const FILE = 'file:';

/** The model repository extension: what lies there; load and unload. */
export function repositoryRoutes(services: V2Services): Route[] {
  const { control } = services;
  const post = (path: string, scope: Route['scope'], handle: Route['handle']): Route => ({
    method: 'post',
    path,
    scope,
    handle,
  });
  const nameIn = ({ request }: Exchange) => String(request.params['name']);
  return [
    post('/v2/repository/index', 'infer', async (exchange) => {
      const { ready = false } = readAs(indexSchema, await bodyOf(exchange, services));
      const index = control.index(ready).map(indexed);
      sendText(exchange.response, 200, JSON.stringify(index));
    }),
    post('/v2/repository/models/:name/load', 'admin', async (exchange) => {
      const { parameters = {} } = readAs(controlSchema, await bodyOf(exchange, services));
      await control.load(nameIn(exchange), overrideIn(parameters));
      sendText(exchange.response, 200, '');
    }),
    post('/v2/repository/models/:name/unload', 'admin', async (exchange) => {
      readAs(controlSchema, await bodyOf(exchange, services));
      await control.unload(nameIn(exchange));
      sendText(exchange.response, 200, '');
    }),
    ...['index', 'models/:name/load', 'models/:name/unload'].map((path) =>
      post(`/v2/repository/:repository/${path}`, 'admin', () => {
        throw new MillraceError('UNSUPPORTED', "'repository_name' specification is not supported");
      }),
    ),
  ];
}

function bodyOf({ request }: Exchange, { limits, bodies }: V2Services): Promise<Buffer> {
  return readSmallBody(request, limits, bodies);
}

/** Nothing stands for an empty object. */
function readAs<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  const document = body.length === 0 ? {} : parseJson(body);
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const problems = describeIssues(result.error, schema, document);
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new MillraceError('INVALID_REQUEST', `failed to parse the request: ${text}`);
}

/** A model without a version has none in its line, and what is READY needs no reason. */
function indexed({ name, version, state, reason = '' }: IndexEntry): object {
  return { name, ...(version === '' ? {} : { version }), state, reason };
}

/**
 * What else clients add is let be.
 *
 * @throws MillraceError INVALID_REQUEST
 */
function overrideIn(parameters: Readonly<Record<string, unknown>>): LoadOverride {
  const known = Object.entries(parameters).filter(([name]) => name === 'config' || name.startsWith(FILE));
  for (const [name, value] of known) {
    if (typeof value === 'string') continue;
    throw new MillraceError('INVALID_REQUEST', `Unable to parse '${name.slice(0, 128)}': expected a string`);
  }
  if (known.length > 0 && parameters['config'] === undefined) {
    throw new MillraceError(
      'INVALID_REQUEST',
      "files can only be sent along with 'config', which says what they are for",
    );
  }
  return overrideFrom(Object.fromEntries(known));
}
