import { type ErrorCode, errorTable, type MillraceError } from '../core/errors.js';

/** An error as clients of the native API get it: RFC 9457 problem details with a stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly path?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly did_you_mean?: readonly string[];
  readonly retryable: boolean;
  readonly request_id: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** Puts an error into the form that clients get. */
export function problemOf({ code, message, details }: MillraceError, requestId: string): Problem {
  const { title, http: status, retryable } = errorTable[code];
  const { path, expected, got, didYouMean } = details;
  return {
    type: `urn:millrace:error:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    code,
    detail: message,
    ...(path === undefined ? {} : { path }),
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(didYouMean === undefined || didYouMean.length === 0 ? {} : { did_you_mean: didYouMean }),
    retryable: retryable || details.retryAfterMs !== undefined,
    request_id: requestId,
  };
}

/**
 * The headers that an error brings with it: when to come again, which methods and codings there are, how a key is sent.
 *
 * @param status what it is answered with
 */
export function problemHeaders(
  { code, details }: MillraceError,
  status: number = errorTable[code].http,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const { retryAfterMs, allow, acceptEncoding } = details;
  if (retryAfterMs !== undefined) headers['Retry-After'] = String(Math.ceil(retryAfterMs / 1_000));
  else if (status === 503 && errorTable[code].retryable) headers['Retry-After'] = '1';
  if (code === 'UNAUTHENTICATED') headers['WWW-Authenticate'] = 'Bearer realm="millrace"';
  if (allow !== undefined) headers['Allow'] = allow.join(', ');
  if (acceptEncoding !== undefined) headers['Accept-Encoding'] = acceptEncoding.join(', ');
  return headers;
}
