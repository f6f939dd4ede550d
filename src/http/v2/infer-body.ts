import type { IncomingMessage } from 'node:http';
import { MillraceError, toMillraceError } from '../../core/errors.js';
import { requestError } from '../../v2/request-error.js';
import { readChunks } from '../body.js';
import type { BodyBudget } from '../body-budget.js';
import { type Compression, compressionOf, Inflater } from '../content-coding.js';
import type { HttpLimits } from '../limits.js';
import { ChunkedBody } from './chunked-body.js';

/** A request's body, uncompressed. */
export interface InferBody {
  readonly body: ChunkedBody;
  /** How much of it is JSON, from its beginning; undefined where nothing was said, so that all is. */
  readonly jsonBytes: number | undefined;
}

/** What clients of the protocol may compress a body with. */
const TAKEN = ['gzip', 'deflate'];

/** Reads the bodies of requests, within the limits for those of predictions. */
export class InferBodyReader {
  readonly #limits: HttpLimits;
  readonly #bodies: BodyBudget;
  readonly #inflater: Inflater;

  constructor({ limits, bodies }: { limits: HttpLimits; bodies: BodyBudget }) {
    this.#limits = limits;
    this.#bodies = bodies;
    this.#inflater = new Inflater(bodies);
  }

  /**
   * The client may have left when this settles.
   *
   * @throws MillraceError UNSUPPORTED, INVALID_INPUT, INVALID_REQUEST, PAYLOAD_TOO_LARGE, OVERLOADED, CLIENT_CLOSED_REQUEST
   */
  async read(request: IncomingMessage): Promise<InferBody> {
    const compression = takenCompression(request);
    const { body_bytes: maxBytes } = this.#limits;
    const chunks = await readChunks(request, maxBytes, this.#bodies);
    if (compression === undefined) return withJsonPart(new ChunkedBody(chunks), request);
    const isWanted = () => !request.socket.destroyed;
    const inflated = await this.#inflater.inflate(Buffer.concat(chunks), { compression, maxBytes, isWanted });
    return withJsonPart(new ChunkedBody([inflated]), request);
  }
}

/** Reads a body of which only little is expected, such as settings. */
export async function readSmallBody(request: IncomingMessage, limits: HttpLimits, bodies: BodyBudget): Promise<Buffer> {
  const { body } = await new InferBodyReader({ limits, bodies }).read(request);
  return body.slice(0, body.length);
}

/** A coding that is not taken is nothing that this server does, in Triton's terms. */
function takenCompression(request: IncomingMessage): Compression | undefined {
  try {
    return compressionOf(request);
  } catch (thrown) {
    const { message, details } = toMillraceError(thrown);
    throw new MillraceError('UNSUPPORTED', message, { ...details, acceptEncoding: TAKEN });
  }
}

/** @throws MillraceError INVALID_INPUT for a length that is none, or longer than the body */
function withJsonPart(body: ChunkedBody, { headers }: IncomingMessage): InferBody {
  const said = headers['inference-header-content-length'];
  if (said === undefined) return { body, jsonBytes: undefined };
  const text = String(said);
  const jsonBytes = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (jsonBytes <= body.length) return { body, jsonBytes };
  throw requestError(`inference header size should be in range (0, ${body.length}), got: ${text.slice(0, 64)}`);
}
