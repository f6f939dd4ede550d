import type { Stroke } from '../value-type.js';
import type { InkGrid } from './ink-grid.js';

/** Of a cell's eight neighbours, the numbers of those above, right, below and left in `neighboursOf`. */
const [ABOVE, RIGHT, BELOW, LEFT] = [0, 2, 4, 6];

/**
 * Makes lines one cell wide, in place, by taking cells off their edges without breaking them (T. Y. Zhang and C. Y. Suen,
 * A fast parallel algorithm for thinning digital patterns, 1984; with the change of H. E. Lü and P. S. P. Wang, 1986,
 * without which diagonal lines two cells wide would vanish).
 *
 * @param grid its outermost cells are empty
 */
export function thin({ width, height, cells }: InkGrid): void {
  const around = neighboursOf(width);
  for (let changed = true; changed; ) {
    changed = false;
    // First from the south-east, then from the north-west, so that what is left lies in the middle.
    for (const isFirst of [true, false]) {
      const taken: number[] = [];
      for (let at = width; at < width * (height - 1); at += 1) {
        if (
          cells[at] === 1 &&
          isLoose(
            around.map((offset) => cells[at + offset] as number),
            isFirst,
          )
        )
          taken.push(at);
      }
      for (const at of taken) cells[at] = 0;
      changed ||= taken.length > 0;
    }
  }
}

/** Whether a cell with these neighbours lies on the side that is taken off, and its line holds without it. */
function isLoose(neighbours: readonly number[], isFirst: boolean): boolean {
  const count = neighbours.reduce((sum, cell) => sum + cell, 0);
  if (count < 3 || count > 6) return false;
  const parts = neighbours.filter((cell, index) => cell === 0 && neighbours[(index + 1) % 8] === 1).length;
  if (parts !== 1) return false;
  const [above, right, below, left] = [ABOVE, RIGHT, BELOW, LEFT].map((index) => neighbours[index] === 1);
  return isFirst
    ? !(above && right && below) && !(right && below && left)
    : !(above && right && left) && !(above && below && left);
}

/** The distances to a cell's neighbours, clockwise from the one above. */
function neighboursOf(width: number): number[] {
  return [-width, -width + 1, 1, width + 1, width, width - 1, -1, -width - 1];
}

/**
 * The lines of a thinned grid as strokes from cell to cell; a cell by itself becomes a dot.
 *
 * @param grid its outermost cells are empty
 * @param size how far apart the outermost of the others become, along the larger side
 */
export function linesOf({ width, height, cells }: InkGrid, size: number): Stroke[] {
  const strokes: Stroke[] = [];
  const scale = size / Math.max(1, Math.max(width, height) - 3);
  const point = (at: number): Stroke[number] => [((at % width) - 1) * scale, (Math.floor(at / width) - 1) * scale];
  const around = neighboursOf(width);
  for (let at = width; at < width * (height - 1); at += 1) {
    if (cells[at] !== 1) continue;
    const has = (offset: number) => cells[at + offset] === 1;
    if (has(1)) strokes.push([point(at), point(at + 1)]);
    if (has(width)) strokes.push([point(at), point(at + width)]);
    // A diagonal is drawn only where there is no way round the corner.
    if (has(width + 1) && !has(1) && !has(width)) strokes.push([point(at), point(at + width + 1)]);
    if (has(width - 1) && !has(-1) && !has(width)) strokes.push([point(at), point(at + width - 1)]);
    if (!around.some(has)) strokes.push([point(at)]);
  }
  return strokes;
}
