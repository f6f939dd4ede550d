import type { Image } from '../value-type.js';
import { type InkGrid, removeSpecks } from './ink-grid.js';

/** The ground is looked for in so many tiles along the larger side: it may slope, as in a photograph. */
const TILES = 16;
/** Ink may cover this many tiles in a row and is still not taken for ground. */
const INK_TILES = 4;
/** A smaller difference between ink and ground is taken for noise. */
const MIN_CONTRAST = 24;
const LEVELS = 256;

/**
 * Tells ink from ground: how much darker each pixel is than the ground around it, divided in two by Otsu's threshold
 * (N. Otsu, A threshold selection method from gray-level histograms, 1979). Specks are left out.
 *
 * @param image grey, height × width × 1, ink darker than its ground, or lighter if the edge of the image is dark
 */
export function findInk(image: Image): InkGrid {
  const { width, height, data } = image;
  const contrast = contrastToGround(isDarkAtEdge(image) ? data.map((level) => LEVELS - 1 - level) : data, image);
  const threshold = Math.max(MIN_CONTRAST, otsuThreshold(contrast));
  const cells = new Uint8Array(contrast.length);
  for (let at = 0; at < cells.length; at += 1) if ((contrast[at] as number) > threshold) cells[at] = 1;
  const grid = { width, height, cells };
  removeSpecks(grid);
  return grid;
}

function isDarkAtEdge({ width, height, data }: Image): boolean {
  let sum = 0;
  for (let x = 0; x < width; x += 1) sum += (data[x] as number) + (data[(height - 1) * width + x] as number);
  for (let y = 0; y < height; y += 1) sum += (data[y * width] as number) + (data[(y + 1) * width - 1] as number);
  return sum / (2 * (width + height)) < LEVELS / 2;
}

/** The ground is a morphological closing of the tiles' lightest pixels: lines are too thin to survive it. */
function contrastToGround(data: Uint8Array, { width, height }: Image): Uint8Array {
  const side = Math.ceil(Math.max(width, height) / TILES);
  const tiles = { width: Math.ceil(width / side), height: Math.ceil(height / side) };
  const columns = Uint16Array.from({ length: width }, (_, x) => Math.floor(x / side));
  const lightest = new Uint8Array(tiles.width * tiles.height);
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = Math.floor(y / side) * tiles.width;
    for (let x = 0; x < width; x += 1, at += 1) {
      const tile = row + (columns[x] as number);
      if ((data[at] as number) > (lightest[tile] as number)) lightest[tile] = data[at] as number;
    }
  }
  const ground = spread(spread(lightest, tiles, Math.max), tiles, Math.min);
  const contrast = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = Math.floor(y / side) * tiles.width;
    for (let x = 0; x < width; x += 1, at += 1) {
      const darker = (ground[row + (columns[x] as number)] as number) - (data[at] as number);
      if (darker > 0) contrast[at] = darker;
    }
  }
  return contrast;
}

/** Gives each tile the greatest, or least, value of those around it. */
function spread(
  values: Uint8Array,
  { width, height }: { width: number; height: number },
  choose: (a: number, b: number) => number,
): Uint8Array {
  const reach = INK_TILES / 2;
  return values.map((value, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    let chosen = value;
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row += 1) {
      for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column += 1) {
        chosen = choose(chosen, values[row * width + column] as number);
      }
    }
    return chosen;
  });
}

/** The level that divides a histogram so that the two parts' means are farthest apart, weighed by their sizes. */
function otsuThreshold(levels: Uint8Array): number {
  const counts = new Float64Array(LEVELS);
  for (const level of levels) counts[level] = (counts[level] as number) + 1;
  const total = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [below, sumBelow, best, threshold] = [0, 0, 0, 0];
  for (let level = 0; level < LEVELS - 1; level += 1) {
    below += counts[level] as number;
    sumBelow += (counts[level] as number) * level;
    const above = levels.length - below;
    if (below === 0 || above === 0) continue;
    const apart = sumBelow / below - (total - sumBelow) / above;
    const variance = below * above * apart * apart;
    if (variance > best) [best, threshold] = [variance, level];
  }
  return threshold;
}
