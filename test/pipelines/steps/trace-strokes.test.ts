import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepError } from '#src/pipelines/step.js';
import { drawLine } from '#src/pipelines/steps/line-raster.js';
import type { Image, Stroke } from '#src/pipelines/value-type.js';
import { buildStep, buildSteps, runSteps } from '../../support/built-steps.js';
import { paint } from '../../support/image-fixtures.js';

/** A drawing in an image: dark lines on a ground that may slope. */
function drawn(
  strokes: readonly Stroke[],
  { size = 200, lineWidth = 4, slope = 0, ground = 255, ink = 20 } = {},
): Image {
  const coverage = { width: size, height: size, data: new Float32Array(size * size) };
  for (const stroke of strokes) drawLine(coverage, stroke, lineWidth);
  return paint({ width: size, height: size, channels: 1 }, (x, y) => {
    const light = ground - (slope * x) / size;
    return light + (ink - light) * (coverage.data[y * size + x] as number);
  });
}

async function trace(image: Image, options: object = {}): Promise<readonly Stroke[]> {
  const steps = await buildSteps([{ trace_strokes: options }], { given: 'image' });
  return runSteps(steps, image);
}

/** How far the farthest point of what was found is from the lines that were drawn, in units of the drawing. */
function farthest(found: readonly Stroke[], lines: readonly Stroke[]): number {
  const distance = ([x, y]: Stroke[number]) =>
    Math.min(
      ...lines.flatMap((line) =>
        line.slice(1).map(([bx, by], index) => {
          const [ax, ay] = line[index] as Stroke[number];
          const squared = (bx - ax) ** 2 + (by - ay) ** 2;
          const along = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared));
          return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
        }),
      ),
    );
  return Math.max(...found.flat().map(distance));
}

/** A cross in a square of 100: what is found has the same bounds, so the units are the same too. */
const cross: Stroke[] = [
  [
    [0, 0],
    [100, 100],
  ],
  [
    [100, 0],
    [0, 100],
  ],
];
const at = (left: number, top: number, scale = 1): Stroke[] =>
  cross.map((stroke) => stroke.map(([x, y]): [number, number] => [left + x * scale, top + y * scale]));

describe('trace_strokes', () => {
  const drawings: Record<string, Image> = {
    'thin lines': drawn(at(50, 60), { lineWidth: 1 }),
    'thick lines': drawn(at(50, 60), { lineWidth: 14 }),
    'a small drawing in a large image': drawn(at(400, 30, 0.5), { size: 500, lineWidth: 2 }),
    'a large drawing': drawn(at(10, 10, 4.8), { size: 500, lineWidth: 9 }),
    'a ground that slopes': drawn(at(50, 60), { slope: 110, ground: 230, ink: 60 }),
    'light on dark': drawn(at(50, 60), { ground: 15, ink: 230 }),
  };
  for (const [name, image] of Object.entries(drawings)) {
    it(`finds lines: ${name}`, async () => {
      const found = await trace(image, { size: 100 });
      assert.ok(farthest(found, cross) < 8, `${farthest(found, cross)}`);
      // And all of them: near each end and the middle there is something.
      for (const [x, y] of [
        [0, 0],
        [100, 100],
        [100, 0],
        [0, 100],
        [50, 50],
      ] as const) {
        assert.ok(
          found.flat().some(([fx, fy]) => Math.hypot(fx - x, fy - y) < 12),
          `nothing near ${x}, ${y}`,
        );
      }
    });
  }

  it('leaves out dirt', async () => {
    const image = drawn(at(50, 60), { lineWidth: 5 });
    const dirty = { ...image, data: image.data.map((level, index) => ([205, 39_000].includes(index) ? 0 : level)) };
    assert.deepEqual(await trace(dirty), await trace(image));
  });

  it('finds dots', async () => {
    const dots = drawn([[[50, 50]], [[150, 50]]], { lineWidth: 3 });
    const found = await trace(dots, { size: 100 });
    assert.ok(found.flat().every(([x]) => x < 5 || x > 95));
  });

  it('refuses an image that shows nothing', async () => {
    for (const [level, size] of [
      [255, 40],
      [0, 40],
      [128, 1],
    ] as const) {
      const even = paint({ width: size, height: size, channels: 1 }, (x) => level - (x % 3));
      await assert.rejects(trace(even), {
        code: 'INVALID_INPUT',
        details: { expected: 'lines that stand out', got: 'an even image' },
      });
    }
  });

  it('needs a grey image', async () => {
    const given = { kind: 'image', width: 9, height: 9, channels: 3 } as const;
    await assert.rejects(buildStep('trace_strokes', { given }), (error) => {
      assert.ok(error instanceof StepError);
      assert.equal(error.message, 'a grey image is needed, and this one has 3 channels; `colour: grey` gives that');
      return true;
    });
    const colours = paint({ width: 9, height: 9, channels: 3 }, () => 9);
    await assert.rejects(trace(colours), {
      code: 'INVALID_INPUT',
      details: { expected: 'one channel', got: '3 channels' },
    });
  });

  it('says what it gives', async () => {
    const step = await buildStep('trace_strokes', { given: 'image' });
    assert.deepEqual(step.gives, { kind: 'strokes' });
    assert.equal(step.effort?.(drawn(cross, { size: 30 })), 900);
  });
});
