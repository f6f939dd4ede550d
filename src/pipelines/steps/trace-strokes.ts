import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { type Step, StepError, stepKind, type Value } from '../step.js';
import type { Image, Stroke } from '../value-type.js';
import { imageType } from './image-step.js';
import { shrinkToInk } from './ink-grid.js';
import { findInk } from './ink-mask.js';
import { linesOf, thin } from './thinning.js';

/** Lines are looked for in a grid of so many cells: finer than what is drawn from them, and coarse enough to be quick. */
const GRID_CELLS = 64;

const traceSchema = z.strictObject({
  size: z
    .number()
    .min(1)
    .max(10_000)
    .default(200)
    .describe("How long the larger side of what is found becomes, in the strokes' units"),
});

/** image h×w×1 → strokes. */
export const traceStrokesKind = stepKind({
  name: 'trace_strokes',
  summary:
    'Finds the lines of a drawing in a grey image, whatever their width, wherever they are: dark on light, or light on dark.',
  takes: ['image'],
  gives: ['strokes'],
  options: traceSchema,
  resolve({ size }, given): Step {
    const { channels } = imageType(given);
    if (channels !== undefined && channels !== 1) {
      throw new StepError(`a grey image is needed, and this one has ${channels} channels; \`colour: grey\` gives that`);
    }
    return new TraceStrokes(size);
  },
});

class TraceStrokes implements Step {
  readonly name = 'trace_strokes';
  readonly runs = 'javascript';
  readonly gives = { kind: 'strokes' } as const;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** @throws MillraceError INVALID_INPUT if there is nothing to find */
  run(value: Value): readonly Stroke[] {
    const image = value as Image;
    if (image.channels !== 1) throw invalid('The image is not grey.', 'one channel', `${image.channels} channels`);
    const grid = shrinkToInk(findInk(image), GRID_CELLS);
    if (grid === undefined) throw invalid('The image shows no drawing.', 'lines that stand out', 'an even image');
    thin(grid);
    return linesOf(grid, this.#size);
  }

  /** Pixels. */
  effort(value: Value): number {
    const { width, height } = value as Image;
    return width * height;
  }
}

function invalid(message: string, expected: string, got: string): MillraceError {
  return new MillraceError('INVALID_INPUT', message, { expected, got });
}
