import { z } from 'zod';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

const named = { black: [0, 0, 0], grey: [128, 128, 128], white: [255, 255, 255] } as const satisfies Record<
  string,
  Rgb
>;

const byte = z.int().min(0).max(255);

/** A colour in model.yaml: `white`, `'#727272'`, `114` for a grey, or `[114, 114, 114]`. */
export const colourSchema = z
  .union([
    z.enum(['black', 'grey', 'white']),
    z.string().regex(/^#[0-9a-f]{6}$/i, "expected six hexadecimal digits, '#rrggbb'"),
    byte,
    z.tuple([byte, byte, byte]),
  ])
  .transform(toRgb);

function toRgb(colour: string | number | Rgb): Rgb {
  if (typeof colour === 'object') return colour;
  if (typeof colour === 'number') return [colour, colour, colour];
  if (Object.hasOwn(named, colour)) return named[colour as keyof typeof named];
  const bits = Number.parseInt(colour.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}
