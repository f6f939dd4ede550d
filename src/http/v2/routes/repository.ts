import { MillraceError } from '../../../core/errors.js';
import { type LoadOverride, overrideFrom } from '../../../serving/load-override.js';
import { indexed } from '../../../v2/repository-index.js';
import { v2RepositoryOperations as operations } from '../../openapi/v2-repository-operations.js';
import { type Exchange, type Route, sendText } from '../../route.js';
import type { Done } from '../answers.js';
import { readSmallBody } from '../infer-body.js';
import { controlRequestSchema, indexRequestSchema, readAs } from '../repository-requests.js';
import type { V2Services } from '../v2-services.js';

/** What stands before the path of a file that is sent along. */
const FILE = 'file:';

/** The model repository extension: what lies there; load and unload. */
export function repositoryRoutes(services: V2Services): Route[] {
  const { control } = services;
  const nameIn = ({ request }: Exchange) => String(request.params['name']);
  const done = ({ response }: Exchange) => {
    const answer: Done = {};
    sendText(response, 200, JSON.stringify(answer));
  };
  const refuse = () => {
    throw new MillraceError('UNSUPPORTED', "'repository_name' specification is not supported");
  };
  return [
    {
      ...operations.index,
      async handle(exchange) {
        const { ready = false } = readAs(indexRequestSchema, await bodyOf(exchange, services));
        const index = control.index(ready).map(indexed);
        sendText(exchange.response, 200, JSON.stringify(index));
      },
    },
    {
      ...operations.load,
      async handle(exchange) {
        const { parameters = {} } = readAs(controlRequestSchema, await bodyOf(exchange, services));
        await control.load(nameIn(exchange), overrideIn(parameters));
        done(exchange);
      },
    },
    {
      ...operations.unload,
      async handle(exchange) {
        readAs(controlRequestSchema, await bodyOf(exchange, services));
        await control.unload(nameIn(exchange));
        done(exchange);
      },
    },
    { ...operations.namedIndex, handle: refuse },
    { ...operations.namedLoad, handle: refuse },
    { ...operations.namedUnload, handle: refuse },
  ];
}

function bodyOf({ request }: Exchange, { limits, bodies }: V2Services): Promise<Buffer> {
  return readSmallBody(request, limits, bodies);
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
