import { reasonOf } from '../../core/errors.js';
import { StepError } from '../step.js';

/** sharp's main function with all that hangs on it. */
export type SharpLibrary = typeof import('sharp').default;

/** What reads each of the formats in `image-format.ts` from memory; libvips's names. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((format) => `VipsForeignLoad${format}Buffer`);

let loading: Promise<SharpLibrary> | undefined;

/**
 * sharp, loaded when the first pipeline needs it: it takes an eighth of a second and 30 MB, which a server without
 * images need not spend. Its settings hold for the whole process: nothing is cached, each image is worked on by one
 * thread (requests are what runs in parallel here), and no format can be read but those that `decode_image` takes.
 *
 * @throws StepError if the library is not there for this platform
 */
export function loadSharp(): Promise<SharpLibrary> {
  loading ??= importSharp();
  return loading;
}

async function importSharp(): Promise<SharpLibrary> {
  try {
    const { default: sharp } = await import('sharp');
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: loaders });
    return sharp;
  } catch (error) {
    throw new StepError(`images cannot be worked on here, because sharp does not load: ${reasonOf(error)}`);
  }
}
