import type { ErrorCode } from '../../core/errors.js';
import { always } from '../answer-headers.js';
import type { JsonSchema } from './component-schemas.js';

interface Header {
  readonly description: string;
  /** Whether it is never missing. */
  readonly required: boolean;
  readonly schema: JsonSchema;
}

const text = { type: 'string' };

/** What an answer to a request carries, whatever it is. */
const ofEveryAnswer: Readonly<Record<string, Header>> = {
  'X-Request-Id': {
    description: "The request in the server's log: the id that the client sent, or one that the server made",
    required: true,
    schema: text,
  },
  traceparent: { description: 'The one that was sent, if it was valid', required: false, schema: text },
  'Content-Security-Policy': {
    description: 'What a browser may load for the answer: nothing, unless it is a page',
    required: true,
    schema: text,
  },
  ...Object.fromEntries(
    Object.entries(always).map(([name, value]) => [
      name,
      { description: 'The same for every answer', required: true, schema: { type: 'string', const: value } },
    ]),
  ),
  'Strict-Transport-Security': { description: 'Over TLS, with `tls.hsts`', required: false, schema: text },
  'Access-Control-Allow-Origin': { description: 'Where `cors.origins` is set', required: false, schema: text },
  'Access-Control-Expose-Headers': { description: 'Where `cors.origins` is set', required: false, schema: text },
  Vary: { description: 'Where `cors.origins` is set', required: false, schema: text },
};

/** What certain errors bring besides. */
const ofErrors: Readonly<Record<string, Header & { readonly codes: readonly ErrorCode[] }>> = {
  'Retry-After': {
    description: 'Seconds after which to try again',
    required: false,
    schema: { type: 'integer', minimum: 0 },
    codes: ['QUEUE_FULL', 'MODEL_UNAVAILABLE', 'INSTANCE_CRASHED', 'OVERLOADED', 'SHUTTING_DOWN'],
  },
  'WWW-Authenticate': {
    description: 'How a key is sent',
    required: true,
    schema: text,
    codes: ['UNAUTHENTICATED'],
  },
  'Accept-Encoding': {
    description: 'The content codings that are taken, if the body had another one',
    required: false,
    schema: text,
    codes: ['UNSUPPORTED_MEDIA_TYPE'],
  },
};

/** Answered by Node's parser, before there is a request that could have an id. */
const beforeRequests: readonly ErrorCode[] = ['REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE'];

/** The headers that have a name in the document: all. */
export function componentHeaders(): Record<string, object> {
  const all = { ...ofEveryAnswer, ...ofErrors };
  return Object.fromEntries(
    Object.entries(all).map(([name, { description, required, schema }]) => [name, { description, required, schema }]),
  );
}

/** The headers of an answer, as references; for an error by its codes. */
export function answerHeaders(codes: readonly ErrorCode[] = []): Record<string, object> {
  const isOf = (list: readonly ErrorCode[]) => codes.some((code) => list.includes(code));
  const names = [
    ...Object.keys(ofEveryAnswer).filter((name) => !isOf(beforeRequests) || name in always),
    ...Object.keys(ofErrors).filter((name) => isOf(ofErrors[name]?.codes ?? [])),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
