import { z } from 'zod';
import { stepKind } from '../step.js';
import type { ValueType } from '../value-type.js';
import { colourSchema } from './colour-option.js';
import type { ResizeOperation } from './image-plan.js';
import { ImageStep, imageType } from './image-step.js';
import { loadSharp } from './sharp-library.js';

/** A side of an image that is made. */
export const sidePixels = z.int().min(1).max(16_384);

const kernel = z
  .enum(['nearest', 'linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3'])
  .default('linear')
  .describe(
    'How pixels are weighed: `linear` is what is also called bilinear with antialiasing, `cubic` bicubic; `nearest` takes single pixels',
  );

const background = colourSchema
  .prefault('black')
  .describe(
    "What is padded with: `black`, `grey`, `white`, `'#rrggbb'`, a grey from 0 to 255, or `[red, green, blue]`",
  );

const resizeSchema = z
  .strictObject({
    width: sidePixels.exactOptional().describe('Width, in pixels'),
    height: sidePixels.exactOptional().describe('Height, in pixels'),
    shortest: sidePixels
      .exactOptional()
      .describe('Instead of both: the shorter side, in pixels; the longer one follows from the proportions, rounded'),
    fit: z
      .enum(['fill', 'cover', 'contain', 'inside', 'outside'])
      .exactOptional()
      .describe(
        'What becomes of the proportions: `fill` (the default) stretches; `cover` keeps them and cuts off on both sides what goes over; `contain` keeps them and pads, as `letterbox` does; `inside` keeps them and is at most so large; `outside` at least',
      ),
    kernel,
    background,
    enlarge: z
      .boolean()
      .default(true)
      .describe('Whether a smaller image is made larger; false goes with the fits `inside` and `contain`'),
  })
  .refine(
    ({ width, height, shortest }) =>
      shortest === undefined
        ? width !== undefined && height !== undefined
        : width === undefined && height === undefined,
    'expected width and height, or shortest alone',
  )
  .refine(({ shortest, fit }) => shortest === undefined || fit === undefined, 'expected fit with width and height only')
  .refine(
    ({ enlarge, fit }) => enlarge || fit === 'inside' || fit === 'contain',
    'expected enlarge: false with the fits inside and contain only',
  );

const letterboxSchema = z.strictObject({
  width: sidePixels.describe('Width with padding, in pixels'),
  height: sidePixels.describe('Height with padding, in pixels'),
  kernel,
  background,
  enlarge: z.boolean().default(true).describe('Whether a smaller image is made larger, and not only padded'),
});

/** image h×w×c → image height×width×c, or of a size that depends on the proportions (`shortest`, `inside`, `outside`). */
export const resizeKind = stepKind({
  name: 'resize',
  summary: 'Makes an image smaller or larger.',
  takes: ['image'],
  gives: ['image'],
  options: resizeSchema,
  resolve({ width, height, shortest, fit, ...how }, given) {
    const side = shortest ?? 0;
    const chosen = shortest === undefined ? (fit ?? 'fill') : 'outside';
    return resizeStep(
      'resize',
      { kind: 'resize', width: width ?? side, height: height ?? side, fit: chosen, ...how },
      given,
    );
  },
});

/** image h×w×c → image height×width×c. */
export const letterboxKind = stepKind({
  name: 'letterbox',
  summary:
    'Makes an image fit into a size with its proportions kept, in the middle, and pads the rest: `resize` with the fit `contain`.',
  takes: ['image'],
  gives: ['image'],
  options: letterboxSchema,
  resolve: (options, given) => resizeStep('letterbox', { kind: 'resize', fit: 'contain', ...options }, given),
});

async function resizeStep(name: string, operation: ResizeOperation, given: ValueType): Promise<ImageStep> {
  await loadSharp();
  const { channels } = imageType(given);
  const { width, height, fit } = operation;
  const size = fit === 'inside' || fit === 'outside' ? { width: undefined, height: undefined } : { width, height };
  return new ImageStep({ name, gives: { kind: 'image', ...size, channels } }, [operation]);
}
