import type { IncomingHttpHeaders } from 'node:http';

/** Longer ones are cut: what follows is of no use for telling clients apart. */
const MAX_KEY_LENGTH = 256;

/**
 * What keeps a client on the same side of a split between versions: the header X-Routing-Key, else the tenant of its
 * API key.
 *
 * @param tenant undefined where keys are not asked for
 */
export function routingKeyOf(headers: IncomingHttpHeaders, tenant: string | undefined): string | undefined {
  const key = headers['x-routing-key'];
  return typeof key === 'string' && key !== '' ? key.slice(0, MAX_KEY_LENGTH) : tenant;
}
