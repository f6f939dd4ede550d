import { z } from 'zod';
import { type ErrorCode, errorTable, type MillraceError } from '../core/errors.js';

/** An error as clients of the native API get it: RFC 9457 problem details with a stable `code`. */
export const problemSchema = z
  .object({
    type: z.string().describe('The code as a URN'),
    title: z.string().describe('What the code means'),
    status: z.int().min(400).max(599).describe('The HTTP status'),
    code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).describe('The code'),
    detail: z.string().describe('What is wrong this time'),
    path: z.string().exactOptional().describe('Where in the request: `input[3]`, `headers.content-type`'),
    expected: z.string().exactOptional().describe('What belongs there'),
    got: z.string().exactOptional().describe('What came'),
    did_you_mean: z.array(z.string()).readonly().exactOptional().describe('Names that were probably meant'),
    retryable: z.boolean().describe('Whether the same request may succeed later'),
    request_id: z
      .string()
      .describe("The request in the server's log: the client's `X-Request-Id`, or one that the server made"),
  })
  .readonly();

export type Problem = z.output<typeof problemSchema>;

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
