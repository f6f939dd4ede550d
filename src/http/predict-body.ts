import type { IncomingMessage } from 'node:http';
import { MillraceError } from '../core/errors.js';
import { SentFile } from '../pipelines/sent-file.js';
import { readBody } from './body.js';
import type { BodyBudget } from './body-budget.js';
import { compressionOf, Inflater } from './content-coding.js';
import { isJsonType, isUtf8Type, readMediaType } from './header-value.js';
import type { HttpLimits } from './limits.js';
import { boundaryOf } from './multipart.js';
import type { PredictRequest } from './predict-envelope.js';
import { readForm } from './predict-form.js';
import { asksForRaw, controlsIn, type Named, namedIn, type PredictUrl } from './predict-url.js';
import type { Controls } from './request-controls.js';

/** What a prediction's body holds, uncompressed. */
export type PredictBody = {
  /** Of the whole body, once it is inflated. */
  readonly bytes: number;
  /** What the URL names, for `targetOf`. */
  readonly named: Named;
} & (
  | {
      readonly kind: 'json';
      readonly body: Buffer;
      /** What the URL says besides, for `withControls`. */
      readonly controls: Controls;
    }
  | { readonly kind: 'items'; readonly envelope: PredictRequest }
);

/** Reads the bodies of predictions, whatever their type and compression: JSON, a form, or one item as it is. */
export class PredictBodyReader {
  readonly #limits: HttpLimits;
  readonly #bodies: BodyBudget;
  readonly #inflater: Inflater;

  constructor({ limits, bodies }: { limits: HttpLimits; bodies: BodyBudget }) {
    this.#limits = limits;
    this.#bodies = bodies;
    this.#inflater = new Inflater(bodies);
  }

  /**
   * JSON is not parsed here. The client may have left when this settles.
   *
   * @throws MillraceError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST, PAYLOAD_TOO_LARGE, OVERLOADED, CLIENT_CLOSED_REQUEST;
   * and what a form may be refused with
   */
  async read(request: IncomingMessage, url: PredictUrl): Promise<PredictBody> {
    // All that can be refused by the head is, before the body is read.
    const compression = compressionOf(request);
    const named = namedIn(url);
    const form = formOf(request.headers['content-type'], { asksForRaw: asksForRaw(url), named });
    const controls = controlsIn(url);
    const { body_bytes: maxBytes, max_rows: maxRows } = this.#limits;
    let body = await readBody(request, maxBytes, this.#bodies);
    if (compression !== undefined) {
      const isWanted = () => !request.socket.destroyed;
      body = await this.#inflater.inflate(body, { compression, maxBytes, isWanted });
    }
    const common = { bytes: body.length, named };
    switch (form.kind) {
      case 'json':
        return { kind: 'json', body, controls, ...common };
      case 'multipart': {
        const envelope = await readForm(body, { boundary: form.boundary, maxRows, query: controls });
        return { kind: 'items', envelope, ...common };
      }
      case 'raw':
        return {
          kind: 'items',
          envelope: envelopeOf(new SentFile(body, form.mediaType, form.charset), controls),
          ...common,
        };
    }
  }
}

type BodyForm =
  | { readonly kind: 'json' }
  | { readonly kind: 'multipart'; readonly boundary: string }
  | { readonly kind: 'raw'; readonly mediaType: string | undefined; readonly charset: string | undefined };

/** @throws MillraceError UNSUPPORTED_MEDIA_TYPE; INVALID_REQUEST for a form without a boundary */
function formOf(contentType = '', { asksForRaw, named }: { asksForRaw: boolean; named: Named }): BodyForm {
  // What nearly all requests say, word for word.
  if (contentType === 'application/json' && !asksForRaw) return { kind: 'json' };
  const type = readMediaType(contentType);
  if (!asksForRaw) {
    if (type?.value === 'multipart/form-data') return { kind: 'multipart', boundary: boundaryOf(type) };
    if (type !== undefined && isJsonType(type)) {
      if (isUtf8Type(type)) return { kind: 'json' };
      throw unsupported('JSON must be UTF-8.', { expected: 'charset=utf-8', got: contentType });
    }
    if (type === undefined && contentType !== '')
      throw unsupported('The content-type is not one.', { expected: 'one media type', got: contentType });
  }
  if (named.name !== undefined)
    return { kind: 'raw', mediaType: type?.value, charset: type?.parameters.get('charset') };
  throw unsupported(
    'The body must be JSON, and say so: with curl, -H "content-type: application/json". ' +
      'An item as it is, such as a picture, is taken where the URL names the model: /models/NAME/predict, or ?model=NAME.',
    { expected: 'application/json or multipart/form-data', got: contentType || 'no content-type' },
  );
}

function envelopeOf(file: SentFile, controls: Controls): PredictRequest {
  // A file may be empty, and is one if its type is said.
  if (file.bytes.length === 0 && file.mediaType === undefined) {
    const details = { path: 'body', expected: 'the bytes of one item', got: 'nothing' };
    throw new MillraceError('INVALID_REQUEST', 'The body is empty.', details);
  }
  const { id, timeoutMs, priority = 0 } = controls;
  return { model: undefined, version: undefined, id, items: [file], isList: false, timeoutMs, priority };
}

function unsupported(message: string, { expected, got }: { expected: string; got: string }): MillraceError {
  const details = { path: 'headers.content-type', expected, got: got.slice(0, 100) };
  return new MillraceError('UNSUPPORTED_MEDIA_TYPE', message, details);
}
