import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, type Gunzip } from 'node:zlib';
import { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import { Slots } from '../core/slots.js';
import type { BodyBudget } from './body-budget.js';

/** The compressions of a body that are taken (RFC 9110, section 8.4.1). */
export type Compression = 'gzip' | 'deflate' | 'br';

const compressions: Readonly<Record<string, Compression>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
};
const TAKEN = ['gzip', 'deflate', 'br', 'identity'];

/** What a `Content-Encoding` may say. */
export const contentCodingSchema = z.enum([...Object.keys(compressions), 'identity']);

/**
 * How a request's body is compressed; undefined if it is not.
 *
 * @throws MillraceError UNSUPPORTED_MEDIA_TYPE for another coding, or for several on top of each other
 */
export function compressionOf({ headers }: IncomingMessage): Compression | undefined {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  if (Object.hasOwn(compressions, coding)) return compressions[coding];
  throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'The body is compressed in a way that is not taken here.', {
    path: 'headers.content-encoding',
    expected: `one of ${TAKEN.join(', ')}`,
    got: coding.slice(0, 100),
    acceptEncoding: TAKEN,
  });
}

export interface InflateOptions {
  readonly compression: Compression;
  /** Of what comes out. */
  readonly maxBytes: number;
  /** Asked when the body's turn comes: false if its client has left. */
  readonly isWanted: () => boolean;
}

/** As many as libuv has threads. Each may hold a window of 16 MiB that its sender chose and no budget sees. */
const AT_ONCE = 4;
const CHUNK_BYTES = 64 * 1024;

/**
 * Inflates bodies in libuv's threads, a few at a time in the order in which they came. Their bytes, as they came and
 * as they come out, count against the budget of bodies until they are done (invariant I7).
 */
export class Inflater {
  readonly #budget: BodyBudget;
  readonly #slots = new Slots(AT_ONCE);

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /**
   * @throws MillraceError PAYLOAD_TOO_LARGE as soon as too much has come out; INVALID_REQUEST if the body is broken, cut
   * off, or longer than what was compressed; OVERLOADED, or CLIENT_CLOSED_REQUEST if it is not wanted any more
   */
  async inflate(body: Buffer, options: InflateOptions): Promise<Buffer> {
    this.#budget.take(body.length);
    try {
      return await this.#slots.run(() => this.#inflate(body, options));
    } finally {
      this.#budget.giveBack(body.length);
    }
  }

  async #inflate(body: Buffer, { compression, maxBytes, isWanted }: InflateOptions): Promise<Buffer> {
    if (!isWanted()) throw new MillraceError('CLIENT_CLOSED_REQUEST', 'The client left before its body was inflated.');
    const engine = engineFor(compression, body);
    const chunks: Buffer[] = [];
    let bytes = 0;
    let held = 0;
    try {
      for await (const chunk of engine.end(body) as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        this.#budget.take(chunk.length);
        held += chunk.length;
        chunks.push(chunk);
      }
    } catch (error) {
      throw error instanceof MillraceError ? error : broken(compression, reasonOf(error));
    } finally {
      this.#budget.giveBack(held);
    }
    const rest = body.length - engine.bytesWritten;
    if (rest > 0) throw broken(compression, `${rest} bytes behind the end of it`);
    return Buffer.concat(chunks, bytes);
  }
}

/**
 * Deflate is zlib's format (RFC 1950), but many send its bare content (RFC 1951). A zlib stream begins with a multiple
 * of 31 whose first byte ends in 8; a bare one that does would have to begin with a stored block and bits set that
 * every encoder leaves 0, and then it fails on zlib's checksum.
 */
function engineFor(compression: Compression, body: Buffer): Gunzip {
  const options = { chunkSize: CHUNK_BYTES };
  if (compression === 'br') return createBrotliDecompress(options);
  if (compression === 'gzip') return createGunzip(options);
  const isZlib = body.length < 2 || ((body.readUInt8(0) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0);
  return isZlib ? createInflate(options) : createInflateRaw(options);
}

function tooLarge(maxBytes: number): MillraceError {
  return new MillraceError('PAYLOAD_TOO_LARGE', 'The body is larger than allowed once it is inflated.', {
    path: 'body',
    expected: `at most ${maxBytes} bytes after inflation`,
    got: 'more',
  });
}

function broken(compression: Compression, got: string): MillraceError {
  return new MillraceError('INVALID_REQUEST', 'The body is not what its Content-Encoding header says.', {
    path: 'body',
    expected: `one whole body in the coding ${compression}`,
    got,
  });
}
