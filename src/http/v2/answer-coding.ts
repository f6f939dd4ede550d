import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import { Slots } from '../../core/slots.js';

/** What answers can be compressed with. */
type AnswerCoding = 'gzip' | 'deflate';

const engines = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** Less gains nothing: it goes out in one packet anyway. */
const MIN_BYTES = 1_024;
/** Numbers hardly compress, and who waits for them would rather have them soon. */
const LEVEL = 1;
/** As many as libuv has threads. */
const AT_ONCE = 4;

/** Compresses answers in libuv's threads, a few at a time. */
export class AnswerCompressor {
  readonly #slots = new Slots(AT_ONCE);

  /** Compresses parts into one, behind one another; undefined if they are not worth it. */
  async compress(parts: readonly Uint8Array[], coding: AnswerCoding): Promise<Buffer | undefined> {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes < MIN_BYTES) return undefined;
    return this.#slots.run(() => engines[coding](Buffer.concat(parts, bytes), { level: LEVEL }));
  }
}

/**
 * The coding that a client would have most of those that there are (RFC 9110, section 12.5.3); undefined if it says
 * nothing, or would have none.
 */
export function codingFor(acceptEncoding: string | string[] | undefined): AnswerCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const qualities = new Map(String(acceptEncoding).split(',').map(readQuality));
  const qualityOf = (coding: string) => qualities.get(coding) ?? qualities.get('*') ?? 0;
  const identity = qualities.get('identity') ?? 0;
  const [best] = (['gzip', 'deflate'] as const)
    .filter((coding) => qualityOf(coding) > 0 && qualityOf(coding) >= identity)
    .sort((one, other) => qualityOf(other) - qualityOf(one));
  return best;
}

function readQuality(part: string): [coding: string, quality: number] {
  const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
  const quality = parameters.find((text) => text.startsWith('q='));
  const value = quality === undefined ? 1 : Number(quality.slice(2));
  return [coding, Number.isNaN(value) ? 0 : value];
}
