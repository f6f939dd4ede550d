import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { MillraceError } from '../core/errors.js';
import { type Access, type Caller, type Scope, stranger } from './access.js';

export interface OpenAccessOptions {
  /** Origins whose pages may use the server (`cors.origins`); `*` for all. */
  readonly origins: readonly string[];
  /** Whether only this machine reaches the server, and no proxy of the operator's stands before it. */
  readonly isLocal: boolean;
}

/**
 * Lets everybody in, as a server without keys does, except pages of other origins: a browser on the same machine
 * sends their requests too, and they may do what their author likes.
 *
 * A browser tells where a page comes from (`Origin`, Fetch standard); one that is neither the server's own nor allowed
 * is refused. A page may also give the server's address a name of its own (DNS rebinding): a server for this machine
 * alone is asked for by a name that only means this machine, or by an address.
 */
export class OpenAccess implements Access {
  readonly isOpen = true;
  readonly #origins: ReadonlySet<string>;
  readonly #isLocal: boolean;

  constructor({ origins, isLocal }: OpenAccessOptions) {
    this.#origins = new Set(origins);
    this.#isLocal = isLocal;
  }

  admit({ host, origin }: IncomingHttpHeaders, scope: Scope): Caller | MillraceError {
    if (scope === 'public') return stranger;
    if (this.#isLocal && host !== undefined && !isLocalHost(host)) return foreignHost(host);
    if (origin === undefined || this.#origins.has('*') || this.#origins.has(origin)) return stranger;
    return hostOf(origin) === host ? stranger : foreignPage(origin);
  }
}

/** A name that no DNS server answers for, as RFC 6761 and 8375 keep them, or an address: rebinding needs a name. */
function isLocalHost(host: string): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true;
  return name === 'localhost' || /\.(?:localhost|local|internal)$/.test(name) || !name.includes('.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function foreignHost(host: string): MillraceError {
  const text = 'This server is for its own machine alone, and is not called so there.';
  return new MillraceError('FORBIDDEN', text, {
    path: 'headers.host',
    expected: 'localhost or an address; with a proxy in front, the proxy under trusted_proxies in the settings',
    got: host.slice(0, 128),
  });
}

function foreignPage(origin: string): MillraceError {
  return new MillraceError('FORBIDDEN', 'Web pages of this origin may not use the server.', {
    path: 'headers.origin',
    expected: 'no Origin, or one that is listed under cors.origins in the settings',
    got: origin.slice(0, 128),
  });
}
