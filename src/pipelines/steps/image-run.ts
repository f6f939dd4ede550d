import type { Sharp } from 'sharp';
import { MillraceError } from '../../core/errors.js';
import type { Image } from '../value-type.js';
import { checkResultSize, readingError, resizingError, type Size } from './image-errors.js';
import { formatOf, isDeep } from './image-format.js';
import { channelsIn, type DecodeOperation, type ImagePlan, type ResizeOperation } from './image-plan.js';
import { loadSharp, type SharpLibrary } from './sharp-library.js';
import { hasSrgbProfile } from './srgb-profile.js';

/**
 * Does what a plan says in one run of sharp, on threads of libuv's pool.
 *
 * @param source bytes if the plan decodes, else an image
 * @throws MillraceError UNSUPPORTED_MEDIA_TYPE or INVALID_INPUT if an image that was sent cannot be read
 */
export async function runPlan(plan: ImagePlan, source: Uint8Array | Image): Promise<Image> {
  const sharp = await loadSharp();
  if (source instanceof Uint8Array) return decodeAndFollow(sharp, plan, source);
  const { data, width, height, channels } = source;
  if (plan.resize?.fit === 'outside') checkResultSize(sizeAround(source, plan.resize));
  try {
    return await follow(sharp(data, { raw: { width, height, channels }, limitInputPixels: false }), plan, {
      channels,
      decodesSmaller: false,
    });
  } catch (error) {
    throw resizingError(error, source) ?? error;
  }
}

async function decodeAndFollow(sharp: SharpLibrary, plan: ImagePlan, bytes: Uint8Array): Promise<Image> {
  const format = formatOf(bytes);
  const limits = plan.decode as DecodeOperation;
  try {
    const input = sharp(bytes, {
      failOn: 'error',
      // The first frame of what moves.
      pages: 1,
      limitInputPixels: limits.maxPixels,
      ignoreIcc: !limits.useProfile || (await hasSrgbProfile(sharp, bytes, format)),
    });
    input.timeout({ seconds: limits.timeoutSeconds });
    // An image of 16 bits is taken for one in the colours of Display P3 once its profile has been applied.
    if (isDeep(bytes, format)) input.pipelineColourspace('srgb');
    if (plan.resize?.fit === 'outside') checkResultSize(sizeAround(await sizeOf(input, limits), plan.resize));
    // WebP's own way of decoding at a smaller size is off by 10 levels in the mean where that is a fortieth.
    return await follow(input, plan, { channels: channelsIn[limits.space], decodesSmaller: format !== 'WebP' });
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const size = await sizeOf(sharp(bytes, { limitInputPixels: false }), limits).catch(() => undefined);
    throw readingError(error, { format, bytes, limits, size });
  }
}

/**
 * @param channels what an image has that is not told to get others
 * @param decodesSmaller whether it may be decoded at a smaller size
 */
async function follow(
  input: Sharp,
  plan: ImagePlan,
  { channels, decodesSmaller }: { channels: Image['channels']; decodesSmaller: boolean },
): Promise<Image> {
  const { flatten, greyFirst, resize, cut, space } = plan;
  if (flatten !== undefined) input.flatten({ background: colourOf(flatten) });
  if (greyFirst === true) input.greyscale();
  if (resize !== undefined) {
    const { width, height, fit, kernel, background, enlarge } = resize;
    const how = { fit, kernel, background: colourOf(background), withoutEnlargement: !enlarge };
    input.resize({ width, height, ...how, fastShrinkOnLoad: decodesSmaller });
  }
  if (cut !== undefined) input.extract(cut);
  // After `extract`, which else has the whole image turned before it is made smaller.
  if (plan.decode?.orient === true) input.autoOrient();
  const target = space === undefined ? channels : channelsIn[space];
  if (target === 1) input.toColourspace('b-w');
  if (target === 4) input.ensureAlpha();
  const { data, info } = await input.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels as Image['channels'], data };
}

/** Width and height as the image stands after decoding, from its header alone. */
async function sizeOf(input: Sharp, { orient }: DecodeOperation): Promise<Size> {
  const { width, height, autoOrient } = await input.metadata();
  return orient ? autoOrient : { width, height };
}

/** The size of an image made as small as it may be to cover another. */
function sizeAround(image: Size, { width, height }: ResizeOperation): Size {
  const scale = Math.max(width / image.width, height / image.height);
  return { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
}

function colourOf([r, g, b]: readonly [number, number, number]): { r: number; g: number; b: number } {
  return { r, g, b };
}
