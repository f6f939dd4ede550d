/** Longer ones are cut: what follows is of no use for telling clients apart. */
const MAX_KEY_LENGTH = 256;

/**
 * What keeps a client on the same side of a split between versions: its header X-Routing-Key, else the tenant of its
 * API key.
 *
 * @param said the header, or the metadata of that name
 * @param tenant undefined where keys are not asked for
 */
export function routingKeyOf(said: unknown, tenant: string | undefined): string | undefined {
  return typeof said === 'string' && said !== '' ? said.slice(0, MAX_KEY_LENGTH) : tenant;
}
