import { z } from 'zod';
import { stepKind } from '../step.js';
import { colourOptions } from './convert-colour.js';
import { channelsIn } from './image-plan.js';
import { ImageStep } from './image-step.js';
import { loadSharp } from './sharp-library.js';

const decodeSchema = z.strictObject({
  colour: colourOptions.space.default('rgb'),
  background: colourOptions.background,
  orient: z
    .boolean()
    .default(true)
    .describe('Whether the image is turned and mirrored as its EXIF data says; after this step nothing knows of them'),
  icc_profile: z
    .enum(['apply', 'ignore'])
    .default('apply')
    .describe(
      'Whether the colours are converted to sRGB from what the file says they are; libraries that models are trained with mostly ignore it, which also costs less. A profile of sRGB itself is never applied, since it changes nothing',
    ),
  max_pixels: z.int().min(1).max(268_402_689).default(50_000_000).describe('Images of more pixels are refused'),
  timeout_s: z.int().min(1).max(3600).default(10).describe('Reading an image is given up after so many seconds'),
});

const SAMPLE_WIDTH = 640;
const SAMPLE_HEIGHT = 480;

/** bytes → image h×w×(3, 1 or 4), 8 bits a channel, sRGB. */
export const decodeImageKind = stepKind({
  name: 'decode_image',
  summary:
    'Reads a PNG, JPEG, WebP, GIF, TIFF or AVIF: the first frame or page, upright, with 8 bits a channel in the colours of sRGB.',
  takes: ['bytes'],
  gives: ['image'],
  options: decodeSchema,
  async resolve({ colour: space, background, orient, icc_profile, max_pixels, timeout_s }) {
    await loadSharp();
    const gives = { kind: 'image', width: undefined, height: undefined, channels: channelsIn[space] } as const;
    return new ImageStep({ name: 'decode_image', gives, sample }, [
      {
        kind: 'decode',
        space,
        background,
        orient,
        useProfile: icc_profile === 'apply',
        maxPixels: max_pixels,
        timeoutSeconds: timeout_s,
      },
    ]);
  },
});

let made: Promise<Uint8Array> | undefined;

/** A JPEG of the size of a small photograph, made once: a dark ring on a light ground, so that there is something to find. */
function sample(): Promise<Uint8Array> {
  made ??= makeSample();
  return made;
}

async function makeSample(): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const data = Uint8Array.from({ length: SAMPLE_WIDTH * SAMPLE_HEIGHT * 3 }, (_, at) => {
    const x = Math.floor(at / 3) % SAMPLE_WIDTH;
    const y = Math.floor(at / 3 / SAMPLE_WIDTH);
    const fromRing = Math.abs(Math.hypot(x - SAMPLE_WIDTH / 2, y - SAMPLE_HEIGHT / 2) - SAMPLE_HEIGHT / 3);
    // A slope and a texture in light colours, so that it costs what a photograph costs.
    return fromRing < 8 ? 30 : 190 + x / 16 + 8 * Math.sin(x / 3 + (at % 3)) * Math.sin(y / 4);
  });
  return sharp(data, { raw: { width: SAMPLE_WIDTH, height: SAMPLE_HEIGHT, channels: 3 } })
    .jpeg()
    .toBuffer();
}
