import type { IncomingHttpHeaders } from 'node:http';
import type { MillraceError } from '../core/errors.js';

/** What a caller must be allowed to do for a route to take its request; `public` routes take everybody's. */
export const scopes = ['infer', 'jobs', 'admin', 'metrics', 'public'] as const;

export type Scope = (typeof scopes)[number];

/** Who sent a request, as far as that is known. */
export interface Caller {
  readonly tenant: string | undefined;
}

/** Decides who may use a route. It is asked in the route that matched, before the request's body is read. */
export interface Access {
  /** Whether requests are let in without a key. */
  readonly isOpen: boolean;
  /**
   * @param headers of the request
   * @returns who sent it; or, if it may not be let in, the error UNAUTHENTICATED or FORBIDDEN
   */
  admit(headers: IncomingHttpHeaders, scope: Scope): Caller | MillraceError;
}

/** Somebody of whom nothing is known. */
export const stranger: Caller = { tenant: undefined };
