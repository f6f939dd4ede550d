import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { drawLine } from '#src/pipelines/steps/line-raster.js';
import type { Image, Stroke } from '#src/pipelines/value-type.js';
import { buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';

const square = { width: 32, height: 32 };

async function draw(strokes: readonly Stroke[], options: object = {}): Promise<Image> {
  return (await (
    await buildStep({ draw_strokes: { ...square, ...options } }, { given: 'strokes' })
  ).run(strokes)) as Image;
}

/** Where there is ink: the bounds of all pixels that are not the ground. */
function inkBounds({ data, width }: Image, ground = 255): number[] {
  const inked = [...data].flatMap((level, at) => (level === ground ? [] : [at]));
  const [xs, ys] = [inked.map((at) => at % width), inked.map((at) => Math.floor(at / width))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function covered(points: Stroke, lineWidth: number, size = 9): number[][] {
  const data = new Float32Array(size * size);
  drawLine({ width: size, height: size, data }, points, lineWidth);
  return Array.from({ length: size }, (_, row) => [...data.subarray(row * size, (row + 1) * size)]);
}

describe('a line', () => {
  it('fills a row of pixels if it is one pixel wide and goes through their centres', () => {
    const rows = covered(
      [
        [2.5, 4.5],
        [6.5, 4.5],
      ],
      1,
    );
    assert.deepEqual(rows[4]?.slice(2, 7), [1, 1, 1, 1, 1]);
    assert.equal(
      rows.flat().reduce((sum, level) => sum + level, 0),
      5,
    );
  });

  it('fills half of both rows if it goes between them', () => {
    const rows = covered(
      [
        [2.5, 4],
        [6.5, 4],
      ],
      1,
    );
    assert.deepEqual([rows[3]?.[4], rows[4]?.[4]], [0.5, 0.5]);
  });

  it('covers a pixel by how near it is, whichever way the line goes', () => {
    const point = fc.tuple(fc.double({ min: -5, max: 25, noNaN: true }), fc.double({ min: -5, max: 25, noNaN: true }));
    const widths = fc.double({ min: 0.5, max: 6, noNaN: true });
    fc.assert(
      fc.property(point, point, widths, (from, to, lineWidth) => {
        const rows = covered([from, to], lineWidth, 20);
        for (const [y, row] of rows.entries()) {
          for (const [x, level] of row.entries()) {
            // The distance to the nearest of many points on the line.
            const distances = Array.from({ length: 201 }, (_, step) => {
              const along = step / 200;
              return Math.hypot(
                x + 0.5 - from[0] - along * (to[0] - from[0]),
                y + 0.5 - from[1] - along * (to[1] - from[1]),
              );
            });
            const expected = Math.max(0, Math.min(1, lineWidth / 2 + 0.5 - Math.min(...distances)));
            assert.ok(Math.abs(level - expected) < 0.15, `${x}, ${y}: ${level} and not ${expected}`);
          }
        }
      }),
      propertyRuns(40),
    );
  });
});

describe('draw_strokes', () => {
  it('puts a drawing in the middle, with room around it', async () => {
    // 100 wide: the square is 1.2 · 100 + 20 = 140 units, so the line goes from 20 · 32 / 140 on.
    const image = await draw(
      [
        [
          [300, 50],
          [400, 50],
        ],
      ],
      { padding: 20 },
    );
    assert.deepEqual([image.width, image.height, image.channels, image.data.length], [32, 32, 1, 1024]);
    const [left, top, right, bottom] = inkBounds(image) as [number, number, number, number];
    assert.deepEqual([left + right, top + bottom], [31, 31]);
    assert.ok(Math.abs(left - (20 * 32) / 140) <= 1);
  });

  it('draws the same wherever and however large the strokes are', async () => {
    const strokes: Stroke[] = [
      [
        [0, 0],
        [30, 10],
        [10, 40],
      ],
      [
        [5, 5],
        [20, 20],
      ],
    ];
    const moved = strokes.map((stroke) => stroke.map(([x, y]): [number, number] => [x * 8 - 999_000, y * 8 + 500_000]));
    assert.deepEqual((await draw(moved)).data, (await draw(strokes)).data);
  });

  it('moves points to the centres of pixels if asked to', async () => {
    const image = await draw(
      [
        [
          [0, 0],
          [100, 0],
        ],
      ],
      { whole_pixels: true },
    );
    assert.ok([...image.data].every((level) => level === 0 || level === 255));
  });

  it('takes any ink and ground', async () => {
    const image = await draw(
      [
        [
          [0, 0],
          [0, 9],
        ],
      ],
      { ink: 255, ground: 10, stroke_width: 3 },
    );
    assert.deepEqual([Math.min(...image.data), Math.max(...image.data)], [10, 255]);
  });

  it('fits into what is not square', async () => {
    const image = await draw(
      [
        [
          [0, 0],
          [100, 100],
        ],
      ],
      { width: 60, height: 20, margin: 0 },
    );
    assert.deepEqual([image.width, image.height], [60, 20]);
    const [left, top, right, bottom] = inkBounds(image) as [number, number, number, number];
    assert.ok(top === 0 && bottom === 19 && left >= 19 && right <= 40);
  });

  it('draws a dot in the middle for a point, or for points that are all the same', async () => {
    for (const strokes of [
      [[[7, 7]]],
      [
        [
          [7, 7],
          [7, 7],
        ],
        [[7, 7]],
      ],
      [[[-1e6, 1e6]]],
    ] satisfies Stroke[][]) {
      for (const padding of [0, 20]) assert.deepEqual(inkBounds(await draw(strokes, { padding })), [15, 15, 16, 16]);
    }
  });

  it('draws drawings of any proportions', async () => {
    const flat = await draw([
      [
        [-1e6, 3],
        [1e6, 3],
      ],
    ]);
    assert.deepEqual(inkBounds(flat)[1], 15);
    const tiny = await draw([
      [
        [999_999.999, 0],
        [1_000_000, 0],
      ],
    ]);
    assert.equal(inkBounds(tiny)[1], 15);
  });

  it('says what it gives, with an example', async () => {
    const step = await buildStep({ draw_strokes: square }, { given: 'strokes' });
    assert.deepEqual(step.gives, { kind: 'image', ...square, channels: 1 });
    const sample = (await step.sample?.()) as readonly Stroke[];
    assert.equal(step.effort?.(sample), 5);
    assert.ok([...((await step.run(sample)) as Image).data].some((level) => level < 128));
  });
});
