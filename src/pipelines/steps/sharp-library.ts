import type sharp from 'sharp';
import { reasonOf } from '../../core/errors.js';
import { StepError } from '../step.js';

/** sharp's main function with all that hangs on it. */
export type SharpLibrary = typeof sharp;

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
    const { default: library } = await import('sharp');
    library.cache(false);
    library.concurrency(1);
    library.block({ operation: ['VipsForeignLoad'] });
    library.unblock({ operation: loaders });
    return library;
  } catch (error) {
    throw new StepError(`images cannot be worked on here, because sharp does not load: ${reasonOf(error)}`);
  }
}
