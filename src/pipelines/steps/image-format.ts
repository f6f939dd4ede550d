import { MillraceError } from '../../core/errors.js';

/** A format by its beginning: bytes by their position; undefined where any may stand. */
interface Signature {
  readonly format: ImageFormat;
  readonly bytes: readonly (number | undefined)[];
}

export type ImageFormat = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'TIFF' | 'AVIF';

const signatures: readonly Signature[] = [
  { format: 'JPEG', bytes: [0xff, 0xd8, 0xff] },
  { format: 'PNG', bytes: [0x89, ...ascii('PNG'), 0x0d, 0x0a, 0x1a, 0x0a] },
  { format: 'WebP', bytes: [...ascii('RIFF'), undefined, undefined, undefined, undefined, ...ascii('WEBP')] },
  { format: 'GIF', bytes: [...ascii('GIF8'), undefined, ...ascii('a')] },
  { format: 'TIFF', bytes: [...ascii('II'), 42, 0] },
  { format: 'TIFF', bytes: [...ascii('MM'), 0, 42] },
];

const FORMATS = 'PNG, JPEG, WebP, GIF, TIFF or AVIF';
const SHOWN_BYTES = 12;
/** Where the depth of a PNG's samples stands: after the signature, the first chunk's length and name, and two sizes. */
const PNG_DEPTH_AT = 24;

/**
 * Tells an image's format by its first bytes, so that nothing else ever reaches the library that reads images.
 *
 * @throws MillraceError UNSUPPORTED_MEDIA_TYPE if it is none of those that are taken
 */
export function formatOf(bytes: Uint8Array): ImageFormat {
  const found = signatures.find((signature) =>
    signature.bytes.every((byte, at) => byte === (bytes[at] ?? -1) || byte === undefined),
  );
  if (found !== undefined) return found.format;
  if (isAvif(bytes)) return 'AVIF';
  throw new MillraceError('UNSUPPORTED_MEDIA_TYPE', 'This is not an image of a format that is taken.', {
    expected: FORMATS,
    got: beginning(bytes),
  });
}

/** Whether samples may have more than 8 bits, and a colour profile that speaks of them so. */
export function isDeep(bytes: Uint8Array, format: ImageFormat): boolean {
  return format === 'AVIF' || (format === 'PNG' && bytes[PNG_DEPTH_AT] === 16);
}

/** An ISO media file whose first box names AVIF as its brand, or as one that it is compatible with; HEIC is of this kind too. */
function isAvif(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  if (text.slice(4, 8) !== 'ftyp') return false;
  const boxBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const brands = text.slice(8, Math.min(boxBytes, text.length)).match(/.{4}/gs) ?? [];
  return brands.some((brand) => brand === 'avif' || brand === 'avis');
}

function beginning(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no bytes';
  const first = [...bytes.subarray(0, SHOWN_BYTES)];
  const hex = first.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = first.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${bytes.length} bytes that begin with ${hex} (${text})`;
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, 'latin1')];
}
