import { z } from 'zod';
import { StepError, stepKind } from '../step.js';
import { ImageStep, imageType } from './image-step.js';
import { sidePixels } from './resize-image.js';

const offset = z.int().min(0);

const cropSchema = z
  .strictObject({
    width: sidePixels.describe('Width of the part, in pixels'),
    height: sidePixels.describe('Height of the part, in pixels'),
    left: offset.exactOptional().describe('Where the part begins, in pixels from the left; without it, in the middle'),
    top: offset.exactOptional().describe('Where the part begins, in pixels from the top; without it, in the middle'),
  })
  .refine(({ left, top }) => (left === undefined) === (top === undefined), 'expected left and top, or none of them');

/** image h×w×c → image height×width×c. */
export const cropKind = stepKind({
  name: 'crop',
  summary: 'Cuts a part out of an image: its middle, or from a given place on.',
  takes: ['image'],
  gives: ['image'],
  options: cropSchema,
  resolve({ width, height, left, top }, given) {
    const from = imageType(given);
    const place = left === undefined || top === undefined ? undefined : { left, top };
    const needs = { width: width + (left ?? 0), height: height + (top ?? 0) };
    if (needs.width > (from.width ?? needs.width) || needs.height > (from.height ?? needs.height)) {
      const has = `${from.width ?? '?'}×${from.height ?? '?'}`;
      throw new StepError(`an image of at least ${needs.width}×${needs.height} is needed, and this one has ${has}`);
    }
    const gives = { ...from, width, height };
    return new ImageStep({ name: 'crop', gives }, [{ kind: 'crop', width, height, place }]);
  },
});
