import type { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import { jsonMembers } from './json-members.js';
import {
  descriptionSchema,
  type ModelDescription,
  type ModelStanding,
  predictionSchema,
  standingSchema,
} from './model-answers.js';
import { ProblemError, problemSchema } from './problem-error.js';

export const DEFAULT_URL = 'http://127.0.0.1:8000';
/** Longer answers are not read to their end. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** Added to the time that the server has, for the way there and back. */
const WAY_MS = 10_000;

export interface ClientOptions {
  /** What to do if no server is there; it ends a sentence. */
  readonly advice: string;
  /** Sent with every request, for a server that asks for one. */
  readonly apiKey?: string | undefined;
  readonly maxAnswerBytes?: number;
}

export interface PredictOptions {
  /** Without it the server takes the newest version that is READY. */
  readonly version?: string | undefined;
  /** Without it the limit is the server's. */
  readonly timeoutMs?: number | undefined;
}

type AskedRequest = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** What came of an item. */
export interface Prediction {
  /** JSON, to the digit as the server wrote it. */
  readonly output: string;
  readonly version: string;
  /** In the server. */
  readonly totalMs: number;
  /** Items that ran through the model together; 0 if the pipeline had the answer without it. */
  readonly batchSize: number;
}

/** Asks one millrace server. Whatever goes wrong is a ProblemError. */
export class ModelClient {
  readonly #base: string;
  readonly #advice: string;
  readonly #keyHeader: Readonly<Record<string, string>>;
  readonly #maxAnswerBytes: number;

  /** @param url of `serverUrl` */
  constructor(url: URL, { advice, apiKey, maxAnswerBytes = MAX_ANSWER_BYTES }: ClientOptions) {
    this.#base = url.href.replace(/\/$/, '');
    this.#advice = advice;
    this.#keyHeader = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  /** What GET /models/{name} says, read and as the text that came. */
  async describe(name: string): Promise<{ description: ModelDescription; text: string }> {
    const { value, text } = await this.#ask(`/models/${encodeURIComponent(name)}`, descriptionSchema);
    return { description: value, text };
  }

  /** Has a model loaded or unloaded, and gives how each of its versions stands then. */
  async control(name: string, what: 'load' | 'unload'): Promise<ModelStanding> {
    const path = `/models/${encodeURIComponent(name)}/${what}`;
    return (await this.#ask(path, standingSchema, { method: 'POST' })).value;
  }

  /**
   * Has one item predicted.
   *
   * @param item a JSON text, or the bytes of a file; sent as they are
   */
  async predict(
    name: string,
    item: string | Uint8Array,
    { version, timeoutMs }: PredictOptions = {},
  ): Promise<Prediction> {
    const model = `/models/${encodeURIComponent(name)}`;
    const path = version === undefined ? model : `${model}/versions/${encodeURIComponent(version)}`;
    const timeout: Record<string, string> =
      timeoutMs === undefined ? {} : { 'x-request-timeout-ms': String(timeoutMs) };
    const isJson = typeof item === 'string';
    const { value, text } = await this.#ask(`${path}/predict`, predictionSchema, {
      method: 'POST',
      headers: { 'content-type': isJson ? 'application/json' : 'application/octet-stream', ...timeout },
      body: isJson ? `{"input":${item}}` : item,
      ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs + WAY_MS) }),
    });
    const output = jsonMembers(text)?.get('output') ?? 'null';
    return { output, version: value.version, totalMs: value.timings_ms.total, batchSize: value.batch_size };
  }

  async #ask<T>(path: string, schema: z.ZodType<T>, request: AskedRequest = {}): Promise<{ value: T; text: string }> {
    const { response, text } = await this.#send(path, request);
    const body = parsed(text);
    const answer = schema.safeParse(body);
    if (response.ok && answer.success) return { value: answer.data, text };
    const problem = problemSchema.safeParse(body);
    if (!response.ok && problem.success) throw new ProblemError(problem.data);
    throw unexpected(response, this.#base);
  }

  async #send(path: string, request: AskedRequest): Promise<{ response: Response; text: string }> {
    try {
      // An answer that leads elsewhere is no millrace server's, and what was sent is not for others.
      const headers = { ...request.headers, ...this.#keyHeader };
      const response = await fetch(this.#base + path, { ...request, headers, redirect: 'manual' });
      return { response, text: await readText(response, this.#maxAnswerBytes) };
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      const detail = `cannot reach a server at ${this.#base} (${failureText(error)}); ${this.#advice}`;
      throw new ProblemError({ code: 'SERVER_UNREACHABLE', detail });
    }
  }
}

/**
 * The server to ask: that of --url, else that of MILLRACE_URL, else one on this machine.
 *
 * @throws MillraceError INVALID_REQUEST
 */
export function serverFrom(url: string | undefined): URL {
  const variable = process.env['MILLRACE_URL'];
  if (url !== undefined || variable === undefined) return serverUrl(url ?? DEFAULT_URL, '--url');
  return serverUrl(variable, 'MILLRACE_URL');
}

/**
 * Checks the address of a server.
 *
 * @param source how the user calls the setting, such as `--url`
 * @throws MillraceError INVALID_REQUEST
 */
export function serverUrl(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isPlain && ['http:', 'https:'].includes(url.protocol)) return url;
  const message = `${source}: expected an address such as http://127.0.0.1:8000; got ${JSON.stringify(text)}`;
  throw new MillraceError('INVALID_REQUEST', message);
}

/**
 * The key for a server that asks for one, from MILLRACE_API_KEY: on the command line, other users would see it.
 *
 * @throws MillraceError INVALID_REQUEST for what no header can hold
 */
export function apiKey(): string | undefined {
  const key = process.env['MILLRACE_API_KEY']?.trim();
  if (key === undefined || key === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new MillraceError('INVALID_REQUEST', 'MILLRACE_API_KEY: expected a key of printable ASCII without spaces');
}

/** @throws ProblemError UNEXPECTED_ANSWER if it is too long */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      const detail = `The answer is longer than ${maxBytes} bytes.`;
      throw new ProblemError({ code: 'UNEXPECTED_ANSWER', detail });
    }
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unexpected({ status, headers }: Response, base: string): ProblemError {
  const [location, type] = [headers.get('location'), headers.get('content-type')];
  const answer = `${base} does not answer like a millrace server: with ${status} and ${type ?? 'no content type'}`;
  const detail = location === null ? answer : `${base} leads to ${location}, which is not followed`;
  return new ProblemError({ code: 'UNEXPECTED_ANSWER', detail });
}

/** Why `fetch` failed; it puts the reason into the cause. */
function failureText(error: unknown): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ECONNRESET: 'the connection was cut',
    UND_ERR_SOCKET: 'the connection was cut',
    UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
    ENOTFOUND: 'the name is not known',
    TimeoutError: 'it does not answer in time',
  };
  const { cause = error, name } = error as { cause?: unknown; name: string };
  const { code } = cause as { code?: unknown };
  return reasons[typeof code === 'string' ? code : name] ?? reasonOf(cause);
}
