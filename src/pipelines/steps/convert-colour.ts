import { z } from 'zod';
import { stepKind } from '../step.js';
import { colourSchema } from './colour-option.js';
import { channelsIn } from './image-plan.js';
import { ImageStep, imageType } from './image-step.js';
import { loadSharp } from './sharp-library.js';

/** What the pixels of an image are made of, and what an image with alpha is laid over when it loses it. */
export const colourOptions = {
  space: z
    .enum(['rgb', 'grey', 'rgba'])
    .describe('`rgb` (3 channels), `grey` (1; the luminance) or `rgba` (4; an image without alpha is opaque)'),
  background: colourSchema
    .prefault('white')
    .describe(
      "What a transparent image is laid over for `rgb` and `grey`: `white`, `'#rrggbb'` or `[red, green, blue]`",
    ),
};

/** image h×w×c → image h×w×(3, 1 or 4). */
export const colourKind = stepKind({
  name: 'colour',
  summary: 'Makes an image grey, or gives it colours or an alpha channel, or takes its alpha away.',
  takes: ['image'],
  gives: ['image'],
  options: z.strictObject(colourOptions),
  shorthand: 'space',
  async resolve({ space, background }, given) {
    await loadSharp();
    const gives = { ...imageType(given), channels: channelsIn[space] };
    return new ImageStep({ name: 'colour', gives }, [{ kind: 'colour', space, background }]);
  },
});
