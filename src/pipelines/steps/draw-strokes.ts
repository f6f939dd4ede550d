import { z } from 'zod';
import { type Step, stepKind, type Value } from '../step.js';
import type { Image, Stroke, ValueType } from '../value-type.js';
import { type Coverage, drawLine } from './line-raster.js';

const side = z.int().min(1).max(1024);
const brightness = z.int().min(0).max(255);

const drawSchema = z.strictObject({
  width: side.describe('Width of the image, in pixels'),
  height: side.describe('Height of the image, in pixels'),
  stroke_width: z.number().min(0.1).max(64).default(1).describe('Width of the lines, in pixels'),
  margin: z
    .number()
    .min(0)
    .max(10)
    .default(0.2)
    .describe('Room around the drawing, both sides together, as a share of its size'),
  padding: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('More room around it, both sides together, in the units of the strokes'),
  whole_pixels: z
    .boolean()
    .default(false)
    .describe('Whether points are moved to the centres of pixels before lines are drawn between them'),
  ink: brightness.default(0).describe('The brightness of the lines: 0 black, 255 white'),
  ground: brightness.default(255).describe('The brightness around them'),
});

type DrawOptions = z.output<typeof drawSchema>;

/** strokes → image height×width×1. */
export const drawStrokesKind = stepKind({
  name: 'draw_strokes',
  summary: 'Draws strokes in the middle of a grey image, as large as goes in with the room around them.',
  takes: ['strokes'],
  gives: ['image'],
  options: drawSchema,
  resolve: (options): Step => new DrawStrokes(options),
});

/** A sum sign. */
const sampleStrokes: readonly Stroke[] = [
  [
    [160, 40],
    [30, 40],
    [100, 120],
    [30, 200],
    [165, 200],
  ],
];

class DrawStrokes implements Step {
  readonly name = 'draw_strokes';
  readonly runs = 'javascript';
  readonly gives: ValueType;
  readonly #options: DrawOptions;

  constructor(options: DrawOptions) {
    const { width, height } = options;
    this.gives = { kind: 'image', width, height, channels: 1 };
    this.#options = options;
  }

  run(value: Value): Image {
    const { width, height, stroke_width, ink, ground } = this.#options;
    const coverage: Coverage = { width, height, data: new Float32Array(width * height) };
    for (const stroke of placeStrokes(value as readonly Stroke[], this.#options)) {
      drawLine(coverage, stroke, stroke_width);
    }
    const data = Uint8Array.from(coverage.data, (covered) => Math.round(ground + (ink - ground) * covered));
    return { width, height, channels: 1, data };
  }

  /** Points. */
  effort(value: Value): number {
    return (value as readonly Stroke[]).reduce((sum, stroke) => sum + stroke.length, 0);
  }

  sample(): readonly Stroke[] {
    return sampleStrokes;
  }
}

/** Moves and scales strokes into the middle of the image: from their own units to pixels. */
function placeStrokes(
  strokes: readonly Stroke[],
  { width, height, margin, padding, whole_pixels }: DrawOptions,
): readonly Stroke[] {
  const box = boundsOf(strokes);
  const room = (size: number) => size * (1 + margin) + padding;
  // A lone dot without padding needs no room; any scale puts it in the middle.
  const scale = Math.min(width / (room(box.right - box.left) || 1), height / (room(box.bottom - box.top) || 1));
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const settle = whole_pixels ? (at: number) => Math.round(at) + 0.5 : (at: number) => at;
  const place = ([x, y]: Stroke[number]): Stroke[number] => [
    settle((x - middleX) * scale + width / 2),
    settle((y - middleY) * scale + height / 2),
  ];
  return strokes.map((stroke) => stroke.map(place));
}

function boundsOf(strokes: readonly Stroke[]): { left: number; top: number; right: number; bottom: number } {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const stroke of strokes) {
    for (const [x, y] of stroke) {
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, top, right, bottom };
}
