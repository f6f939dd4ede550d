import { MillraceError } from '../../core/errors.js';
import { shown } from '../../core/zod-issues.js';
import type { Stroke } from '../value-type.js';

const MAX_STROKES = 1000;
/** In all strokes together. */
const MAX_POINTS = 20_000;
/** Beyond this a drawing's middle is lost among the digits of its corners. */
const MAX_COORDINATE = 1_000_000;

/**
 * Reads strokes as a client sends them: an array of strokes, or an object with that under `strokes`. A stroke is an
 * array of at least one point, a point is `[x, y]`.
 *
 * @throws MillraceError INVALID_INPUT with a path from the item on, such as `[2][5][0]`: stroke 2, point 5, x
 */
export function readStrokes(value: unknown): readonly Stroke[] {
  const isWrapped = typeof value === 'object' && value !== null && Object.hasOwn(value, 'strokes');
  const strokes = isWrapped ? (value as { strokes: unknown }).strokes : value;
  const path = isWrapped ? 'strokes' : '';
  if (!Array.isArray(strokes)) throw wrong(path, 'an array of strokes, each an array of points [x, y]', strokes);
  if (strokes.length === 0 || strokes.length > MAX_STROKES) throw wrong(path, `1 to ${MAX_STROKES} strokes`, strokes);
  let points = 0;
  for (const [index, stroke] of strokes.entries()) {
    const at = `${path}[${index}]`;
    if (!Array.isArray(stroke)) throw wrong(at, 'an array of points [x, y]', stroke);
    if (stroke.length === 0) throw wrong(at, 'at least one point', stroke);
    points += stroke.length;
    if (points > MAX_POINTS) throw wrong(at, `at most ${MAX_POINTS} points in all strokes together`, stroke);
    checkPoints(stroke, at);
  }
  return strokes as Stroke[];
}

function checkPoints(stroke: readonly unknown[], path: string): void {
  for (const [index, point] of stroke.entries()) {
    if (!Array.isArray(point) || point.length !== 2) throw wrong(`${path}[${index}]`, 'a point [x, y]', point);
    for (const axis of [0, 1]) {
      const value: unknown = point[axis];
      if (typeof value === 'number' && Math.abs(value) <= MAX_COORDINATE) continue;
      throw wrong(`${path}[${index}][${axis}]`, `a number from -${MAX_COORDINATE} to ${MAX_COORDINATE}`, value);
    }
  }
}

function wrong(path: string, expected: string, value: unknown): MillraceError {
  const details = { expected, got: shown(value) };
  return new MillraceError('INVALID_INPUT', 'These are not strokes.', path === '' ? details : { path, ...details });
}
