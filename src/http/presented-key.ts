import type { IncomingHttpHeaders } from 'node:http';

/** The key that a request brings, or what is wrong with how it brings it: words that repeat nothing of what was sent. */
export type PresentedKey = { readonly key: string } | { readonly fault: string };

/** RFC 9110, section 11.4: the scheme in any case, then one space or more. */
const BEARER = /^bearer(?: +(.*))?$/i;
/** Keys are ASCII without spaces; a header that was sent twice arrives joined with `, ` and is none. */
const KEY = /^[!-~]+$/;

/**
 * Reads the key of a request from `Authorization: Bearer KEY` or `X-Api-Key: KEY`. An Authorization of another scheme
 * is not meant for this server and counts as none; two headers must bring the same key.
 */
export function presentedKey({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): PresentedKey {
  const bearer = BEARER.exec(authorization ?? '');
  const sent = [...(bearer === null ? [] : [bearer[1] ?? '']), ...[apiKey ?? []].flat()];
  const [key] = sent;
  if (key === undefined) {
    return { fault: authorization === undefined ? 'neither' : 'an Authorization header of another scheme' };
  }
  if (!sent.every((each) => KEY.test(each))) {
    return { fault: 'a header that does not hold one key, in ASCII and without spaces' };
  }
  return sent.every((each) => each === key) ? { key } : { fault: 'two different keys' };
}
