import { MillraceError, reasonOf } from '../../core/errors.js';
import type { ImageFormat } from './image-format.js';
import type { DecodeOperation } from './image-plan.js';

/** Pixels that an image may have after resizing where that depends on its proportions: 150 MB in three channels. */
const MAX_RESULT_PIXELS = 50_000_000;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What went wrong when an image that a client sent was read, in words that name nothing inside. */
export function readingError(
  error: unknown,
  image: { format: ImageFormat; bytes: Uint8Array; limits: DecodeOperation; size: Size | undefined },
): MillraceError {
  const { format, bytes, limits, size } = image;
  const reason = reasonOf(error);
  if (/pixel limit/.test(reason)) {
    const got = size === undefined ? 'more' : sizeText(size);
    return invalid('The image has too many pixels.', { expected: `at most ${limits.maxPixels} pixels`, got }, error);
  }
  if (/\btimeout\b/.test(reason)) {
    const expected = `an image that can be read in ${limits.timeoutSeconds} s`;
    return invalid('Reading the image took too long.', { expected, got: 'one that takes longer' }, error);
  }
  const details = { expected: `a whole ${format} image`, got: `${bytes.length} bytes that cannot be read as one` };
  return resizingError(error, size) ?? invalid('The image is damaged or cut off.', details, error);
}

/** What libvips says of images so long and thin that it cannot count their pixels once they are enlarged; undefined if it says other things. */
export function resizingError(error: unknown, size: Size | undefined): MillraceError | undefined {
  if (!/out of range|too (?:large|wide|tall|big)/.test(reasonOf(error))) return undefined;
  const got = size === undefined ? 'others' : sizeText(size);
  return invalid('The image is too long and thin to be resized.', { expected: 'other proportions', got }, error);
}

/** @throws MillraceError INVALID_INPUT if what an image would become is beyond `MAX_RESULT_PIXELS` */
export function checkResultSize(size: Size): void {
  if (size.width * size.height <= MAX_RESULT_PIXELS) return;
  const expected = `at most ${MAX_RESULT_PIXELS} pixels after resizing`;
  throw invalid('The image is too long and thin to be resized.', { expected, got: sizeText(size) });
}

/** `640×480`. */
export function sizeText({ width, height }: Size): string {
  return `${width}×${height}`;
}

function invalid(message: string, details: { expected: string; got: string }, cause?: unknown): MillraceError {
  return new MillraceError('INVALID_INPUT', message, { ...details, cause });
}
