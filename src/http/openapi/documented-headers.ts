import type { ErrorCode } from '../../core/errors.js';
import { always } from '../answer-headers.js';
import type { JsonSchema } from './component-schemas.js';
import { beforeRequests } from './error-forms.js';

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

/** What certain answers bring besides, if they say so. */
const ofCertainAnswers = {
  'Inference-Header-Content-Length': {
    description: 'How many bytes of the body are JSON, if outputs come in the binary form: theirs follow',
    required: false,
    schema: { type: 'integer', minimum: 0 },
  },
  'Content-Encoding': {
    description: 'How the body is compressed, where `Accept-Encoding` asked for it',
    required: false,
    schema: { enum: ['gzip', 'deflate'] },
  },
} as const satisfies Record<string, Header>;

export type AnswerHeader = keyof typeof ofCertainAnswers;

/** An error as a set of codes that share a status. */
interface AnsweredError {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
}

/** What certain errors bring besides. */
const ofErrors: Readonly<Record<string, Header & { isOf(error: AnsweredError): boolean }>> = {
  'Retry-After': {
    description: 'Seconds after which to try again',
    required: false,
    schema: { type: 'integer', minimum: 0 },
    isOf: ({ status }) => status === 429 || status === 503,
  },
  'WWW-Authenticate': {
    description: 'How a key is sent',
    required: true,
    schema: text,
    isOf: ({ codes }) => codes.includes('UNAUTHENTICATED'),
  },
  'Accept-Encoding': {
    description: 'The content codings that are taken, if the body had another one',
    required: false,
    schema: text,
    // The second is what the Open Inference Protocol says in place of the first.
    isOf: ({ codes }) => codes.includes('UNSUPPORTED_MEDIA_TYPE') || codes.includes('UNSUPPORTED'),
  },
};

/** The headers that have a name in the document: all. */
export function componentHeaders(): Record<string, object> {
  const all: Record<string, Header> = { ...ofEveryAnswer, ...ofCertainAnswers, ...ofErrors };
  return Object.fromEntries(
    Object.entries(all).map(([name, { description, required, schema }]) => [name, { description, required, schema }]),
  );
}

/** The headers of an answer, as references: of an error by what it is, of another answer with those that it brings. */
export function answerHeaders(answer: AnsweredError | readonly AnswerHeader[]): Record<string, object> {
  const names = 'codes' in answer ? namesOfError(answer) : [...Object.keys(ofEveryAnswer), ...answer];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function namesOfError(error: AnsweredError): string[] {
  const isBefore = error.codes.some((code) => beforeRequests.includes(code));
  return [
    ...Object.keys(ofEveryAnswer).filter((name) => !isBefore || name in always),
    ...Object.keys(ofErrors).filter((name) => ofErrors[name]?.isOf(error)),
  ];
}
