/** Where there is ink: a cell is 1, or 0 for the ground; row by row. */
export interface InkGrid {
  readonly width: number;
  readonly height: number;
  readonly cells: Uint8Array;
}

/** What hangs together and is less than this share of all ink is dirt. */
const SPECK_SHARE = 0.01;
/** A cell of ink that has been seen. */
const SEEN = 2;

/** Clears specks, in place. Cells hang together over their corners too. */
export function removeSpecks(grid: InkGrid): void {
  const { cells } = grid;
  const parts: number[][] = [];
  for (let at = cells.indexOf(1); at !== -1; at = cells.indexOf(1, at + 1)) parts.push(partFrom(at, grid));
  const least = parts.reduce((sum, part) => sum + part.length, 0) * SPECK_SHARE;
  for (const part of parts) {
    for (const at of part) cells[at] = part.length < least ? 0 : 1;
  }
}

/** The cells that hang together with one; they become SEEN. */
function partFrom(start: number, { width, height, cells }: InkGrid): number[] {
  const part = [start];
  cells[start] = SEEN;
  for (let next = 0; next < part.length; next += 1) {
    const at = part[next] as number;
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
        const neighbour = row * width + column;
        if (cells[neighbour] !== 1) continue;
        cells[neighbour] = SEEN;
        part.push(neighbour);
      }
    }
  }
  return part;
}

/**
 * The part of a grid that has ink, made so small that its larger side is at most `side` cells: a cell has ink where
 * anything in it had, so that thin lines stay whole. One empty cell goes round it.
 *
 * @returns undefined if there is no ink
 */
export function shrinkToInk({ width, cells }: InkGrid, side: number): InkGrid | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = cells.indexOf(1); at !== -1; at = cells.indexOf(1, at + 1)) {
    const [x, y] = [at % width, Math.floor(at / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  if (right < left) return undefined;
  const scale = Math.min(1, side / Math.max(right - left + 1, bottom - top + 1));
  const small = {
    width: Math.ceil((right - left + 1) * scale) + 2,
    height: Math.ceil((bottom - top + 1) * scale) + 2,
  };
  const shrunk = new Uint8Array(small.width * small.height);
  for (let at = cells.indexOf(1); at !== -1; at = cells.indexOf(1, at + 1)) {
    const [x, y] = [at % width, Math.floor(at / width)];
    shrunk[(1 + Math.floor((y - top) * scale)) * small.width + 1 + Math.floor((x - left) * scale)] = 1;
  }
  return { ...small, cells: shrunk };
}
