import { MillraceError } from '../../core/errors.js';
import type { Image } from '../value-type.js';
import { sizeText } from './image-errors.js';
import { type CropOperation, middle } from './image-plan.js';

/**
 * A part of an image, copied row by row.
 *
 * @throws MillraceError INVALID_INPUT if the image is smaller than the part
 */
export function cropImage(image: Image, crop: CropOperation): Image {
  const { width, height } = crop;
  const { left, top } = crop.place ?? middle(image, crop);
  if (left < 0 || top < 0 || left + width > image.width || top + height > image.height) {
    const least = { width: width + (crop.place?.left ?? 0), height: height + (crop.place?.top ?? 0) };
    throw new MillraceError('INVALID_INPUT', 'The image is smaller than the part of it that is wanted.', {
      expected: `at least ${sizeText(least)} pixels`,
      got: sizeText(image),
    });
  }
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row += 1) {
    const from = ((top + row) * image.width + left) * channels;
    data.set(image.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { width, height, channels, data };
}
