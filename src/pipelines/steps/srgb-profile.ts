import { parse } from 'icc';
import type { ImageFormat } from './image-format.js';
import type { SharpLibrary } from './sharp-library.js';

/** What stands before a colour profile in a file of each format; the others hardly ever bring one. */
const marks: Partial<Record<ImageFormat, string>> = { JPEG: 'ICC_PROFILE', PNG: 'iCCP', WebP: 'ICCP' };

/** Profiles stand in the header, behind little more than EXIF data. */
const SEARCHED_BYTES = 128 * 1024;

/** How the profiles that describe sRGB itself call it: those of HP, the ICC, Little CMS, and Facebook's short one. */
const namesOfSrgb = /^(sRGB( IEC61966-2\.1| built-in|2014| v4 ICC preference)?|c2)$/i;

/**
 * Whether a picture's colour profile says that its colours are those of sRGB, as those of most cameras and telephones
 * do. Applying it changes nothing, and costs more than all the rest of reading a small photograph.
 */
export async function hasSrgbProfile(sharp: SharpLibrary, bytes: Uint8Array, format: ImageFormat): Promise<boolean> {
  const mark = marks[format];
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, SEARCHED_BYTES));
  if (mark === undefined || !head.includes(mark, 0, 'latin1')) return false;
  try {
    // The header alone is read for it.
    const { icc } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (icc === undefined) return false;
    const { colorSpace, description = '' } = parse(icc);
    return colorSpace === 'RGB' && namesOfSrgb.test(description.trim());
  } catch {
    // What is wrong with the file is said where it is decoded.
    return false;
  }
}
