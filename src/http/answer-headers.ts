import type { IncomingMessage } from 'node:http';

/** Of every answer: nothing in it is a page, unless it says so, and no other site has a use for it. */
export const always = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** What an answer may load or be shown in: nothing. A page that needs more says so. */
export const CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Clients that have been here come back over TLS alone, for a year, whatever the port (RFC 6797). */
const tlsAlone = ['Strict-Transport-Security', 'max-age=31536000'] as const;

/** What a page of another origin may read besides the body. */
const EXPOSED = 'X-Request-Id, Retry-After, Inference-Header-Content-Length, traceparent';

/** What a page of another origin may send besides what every page may. */
const ALLOWED =
  'Authorization, X-Api-Key, Content-Type, Content-Encoding, Inference-Header-Content-Length, X-Request-Id, ' +
  'X-Request-Timeout-Ms, X-Request-Queue-Timeout-Ms, X-Request-Execution-Timeout-Ms, X-Routing-Key, traceparent';

/** For so long a browser need not ask again. */
const PREFLIGHT_S = 600;

export interface AnswerHeadersOptions {
  /** Whether the host has nothing that is not TLS. */
  readonly hsts: boolean;
  /** Origins whose pages may read answers, such as `https://example.org`; `*` for all. */
  readonly origins: readonly string[];
}

/**
 * The headers that do not depend on what is answered, ready to be written: names and values in turn, made once for
 * each origin. CORS is the Fetch standard's; credentials are never allowed, since keys travel in headers that a page
 * must set itself.
 */
export class AnswerHeaders {
  readonly #byOrigin = new Map<string, readonly string[]>();
  readonly #forOthers: readonly string[];
  readonly #allowsAll: boolean;

  constructor({ hsts, origins }: AnswerHeadersOptions) {
    const fixed = [...Object.entries(always).flat(), ...(hsts ? tlsAlone : [])];
    const forOrigin = (origin: string) => {
      return [...fixed, 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED];
    };
    this.#allowsAll = origins.includes('*');
    // Also for requests without an origin: a cache must not give their answer to a page.
    const vary = origins.length === 0 || this.#allowsAll ? [] : ['Vary', 'Origin'];
    this.#forOthers = this.#allowsAll ? forOrigin('*') : [...fixed, ...vary];
    for (const origin of this.#allowsAll ? [] : origins) this.#byOrigin.set(origin, [...forOrigin(origin), ...vary]);
  }

  /** @param origin the request's `Origin` */
  for(origin: string | undefined): readonly string[] {
    return (origin === undefined ? undefined : this.#byOrigin.get(origin)) ?? this.#forOthers;
  }

  /**
   * What a browser wants to know before it sends a page's request (a CORS-preflight request): what the path takes.
   * Undefined if the request is no such question, or comes from a page that may not send any.
   */
  preflight({ method, headers }: IncomingMessage, allow: readonly string[]): Record<string, string> | undefined {
    const { origin, 'access-control-request-method': wanted } = headers;
    if (method !== 'OPTIONS' || origin === undefined || wanted === undefined) return undefined;
    if (!this.#allowsAll && !this.#byOrigin.has(origin)) return undefined;
    return {
      'Access-Control-Allow-Methods': allow.join(', '),
      'Access-Control-Allow-Headers': ALLOWED,
      'Access-Control-Max-Age': String(PREFLIGHT_S),
    };
  }
}
