import type { Stroke } from '../value-type.js';

/** What a pixel is covered with, 0 to 1, row by row. */
export interface Coverage {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

type Point = Stroke[number];

/** A line that rises less than this is level, so that nothing is divided by next to nothing. */
const LEVEL_PIXELS = 1e-6;

/**
 * Draws a polyline with round ends and joints into `coverage`: a pixel whose centre is `d` away from the line is covered
 * by `lineWidth / 2 + 1/2 − d`, between 0 and 1. A line one pixel wide that goes through the centres of a row or of a
 * diagonal fills these pixels. A single point makes a dot.
 *
 * @param points in pixels; the centre of the first pixel is at (0.5, 0.5)
 */
export function drawLine(coverage: Coverage, points: Stroke, lineWidth: number): void {
  const [first] = points;
  if (points.length === 1 && first !== undefined) drawSegment(coverage, [first, first], lineWidth);
  for (let index = 1; index < points.length; index += 1) {
    drawSegment(coverage, [points[index - 1] as Point, points[index] as Point], lineWidth);
  }
}

function drawSegment(coverage: Coverage, [[ax, ay], [bx, by]]: readonly [Point, Point], lineWidth: number): void {
  const { width, height, data } = coverage;
  const [dx, dy] = [bx - ax, by - ay];
  const squaredLength = dx * dx + dy * dy;
  const reach = lineWidth / 2 + 0.5;
  // In one row only pixels near the line are looked at, so that a long diagonal costs what its length is.
  const isLevel = Math.abs(dy) < LEVEL_PIXELS;
  const sideReach = isLevel ? Number.POSITIVE_INFINITY : (reach * Math.sqrt(squaredLength)) / Math.abs(dy);
  const [left, right] = [Math.min(ax, bx) - reach, Math.max(ax, bx) + reach];
  const lastRow = Math.min(height - 1, Math.floor(Math.max(ay, by) + reach));
  for (let row = Math.max(0, Math.floor(Math.min(ay, by) - reach)); row <= lastRow; row += 1) {
    const y = row + 0.5;
    const middle = isLevel ? ax : ax + ((y - ay) / dy) * dx;
    const last = Math.min(width - 1, Math.floor(Math.min(right, middle + sideReach)));
    for (let column = Math.max(0, Math.floor(Math.max(left, middle - sideReach))); column <= last; column += 1) {
      const [px, py] = [column + 0.5 - ax, y - ay];
      const along = squaredLength === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squaredLength));
      const covered = Math.min(1, reach - Math.hypot(px - along * dx, py - along * dy));
      const at = row * width + column;
      if (covered > (data[at] as number)) data[at] = covered;
    }
  }
}
