import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from '#src/pipelines/value-type.js';
import { buildStep, buildSteps, type WrittenStep } from '../../support/built-steps.js';
import { difference, paint, pixelAt, quarters, waves } from '../../support/image-fixtures.js';

async function make(written: WrittenStep, image: Image): Promise<Image> {
  return (await (await buildStep(written, { given: 'image' })).run(image)) as Image;
}

/** One axis of a bilinear resize with antialiasing, as Pillow and torchvision do it: each pixel's sources and their weights. */
function triangleWeights(from: number, to: number): [at: number, weight: number][][] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const middle = (index + 0.5) * scale;
    const sources = Array.from({ length: from }, (_source, at): [number, number] => [
      at,
      Math.max(0, 1 - Math.abs(at + 0.5 - middle) / reach),
    ]).filter(([, weight]) => weight > 0);
    const sum = sources.reduce((total, [, weight]) => total + weight, 0);
    return sources.map(([at, weight]) => [at, weight / sum]);
  });
}

function resizedByTriangles(image: Image, width: number, height: number): Image {
  const columns = triangleWeights(image.width, width);
  const rows = triangleWeights(image.height, height);
  return paint({ width, height, channels: image.channels }, (x, y, channel) => {
    let level = 0;
    for (const [row, weight] of rows[y] ?? []) {
      for (const [column, share] of columns[x] ?? []) {
        level += weight * share * (image.data[(row * image.width + column) * image.channels + channel] as number);
      }
    }
    return level;
  });
}

describe('resize', () => {
  for (const [width, height] of [
    [60, 45],
    [50, 30],
    [40, 90],
  ] as const) {
    it(`makes 120×90 smaller as bilinear filters with antialiasing do: ${width}×${height}`, async () => {
      const image = waves(120, 90);
      const apart = difference(
        await make({ resize: { width, height } }, image),
        resizedByTriangles(image, width, height),
      );
      assert.ok(apart.largest <= 3 && apart.mean < 0.8, JSON.stringify(apart));
    });
  }

  it('averages', async () => {
    const board = paint({ width: 64, height: 64, channels: 1 }, (x, y) => ((x + y) % 2 === 0 ? 0 : 200));
    for (const kernel of ['linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3']) {
      const small = await make({ resize: { width: 16, height: 16, kernel } }, board);
      assert.ok(Math.abs((pixelAt(small, 8, 8)[0] as number) - 100) <= 2, kernel);
    }
  });

  it('takes single pixels if asked to', async () => {
    const row = paint({ width: 8, height: 8, channels: 1 }, (x, y) => 10 * x + y);
    const small = await make({ resize: { width: 4, height: 4, kernel: 'nearest' } }, row);
    assert.ok([...small.data].every((level) => row.data.includes(level)));
  });

  it('keeps the channels', async () => {
    for (const channels of [1, 3, 4] as const) {
      const small = await make({ resize: { width: 5, height: 4 } }, waves(50, 40, channels));
      assert.deepEqual([small.width, small.height, small.channels, small.data.length], [5, 4, channels, 20 * channels]);
    }
  });

  const wide = quarters(200, 100);
  const sizes: Record<string, [options: object, width: number, height: number]> = {
    fill: [{ width: 50, height: 60 }, 50, 60],
    cover: [{ width: 50, height: 60, fit: 'cover' }, 50, 60],
    contain: [{ width: 50, height: 60, fit: 'contain' }, 50, 60],
    inside: [{ width: 50, height: 60, fit: 'inside' }, 50, 25],
    outside: [{ width: 50, height: 60, fit: 'outside' }, 120, 60],
    shortest: [{ shortest: 30 }, 60, 30],
    'inside of more than it is': [{ width: 400, height: 400, fit: 'inside' }, 400, 200],
    'inside, never enlarged': [{ width: 400, height: 400, fit: 'inside', enlarge: false }, 200, 100],
  };
  for (const [name, [options, width, height]] of Object.entries(sizes)) {
    it(`gives the size of: ${name}`, async () => {
      const step = await buildStep({ resize: options }, { given: 'image' });
      const image = (await step.run(wide)) as Image;
      assert.deepEqual([image.width, image.height], [width, height]);
      const isKnown = !name.startsWith('inside') && name !== 'outside' && name !== 'shortest';
      const known = isKnown ? { width, height } : { width: undefined, height: undefined };
      assert.deepEqual(step.gives, { kind: 'image', ...known, channels: undefined });
    });
  }

  it('cuts off on both sides to cover', async () => {
    const image = await make({ resize: { width: 20, height: 100, fit: 'cover' } }, wide);
    assert.deepEqual([pixelAt(image, 1, 1), pixelAt(image, 18, 98)], [pixelAt(wide, 91, 1), pixelAt(wide, 108, 98)]);
  });

  it('refuses options that say nothing, or two things', async () => {
    const refused: object[] = [{}, { width: 9 }, { width: 9, height: 9, shortest: 9 }, { shortest: 9, fit: 'cover' }];
    for (const options of [...refused, { width: 9, height: 9, enlarge: false }, { width: 0, height: 9 }]) {
      await assert.rejects(buildSteps([{ resize: options }], { given: 'image' }), { name: 'ZodError' });
    }
  });
});

describe('letterbox', () => {
  it('pads above and below what is wide, and on both sides of what is high', async () => {
    const white = paint({ width: 200, height: 100, channels: 3 }, () => 255);
    const image = await make({ letterbox: { width: 64, height: 64, background: [114, 100, 90] } }, white);
    assert.deepEqual([image.width, image.height], [64, 64]);
    for (let y = 0; y < 64; y += 1) {
      const isPadding = y < 16 || y >= 48;
      for (const x of [0, 31, 63]) assert.deepEqual(pixelAt(image, x, y), isPadding ? [114, 100, 90] : [255, 255, 255]);
    }
    const high = await make({ letterbox: { width: 64, height: 64 } }, { ...white, width: 100, height: 200 });
    for (const [x, level] of [
      [15, 0],
      [16, 255],
      [47, 255],
      [48, 0],
    ] as const) {
      assert.deepEqual(pixelAt(high, x, 30), [level, level, level]);
    }
  });

  it('pads what is smaller instead of enlarging it, if asked to', async () => {
    const white = paint({ width: 4, height: 2, channels: 1 }, () => 255);
    const image = await make({ letterbox: { width: 8, height: 8, enlarge: false } }, white);
    assert.deepEqual(
      [...image.data].flatMap((level, at) => (level === 255 ? [at] : [])),
      [3 * 8 + 2, 3 * 8 + 3, 3 * 8 + 4, 3 * 8 + 5, 4 * 8 + 2, 4 * 8 + 3, 4 * 8 + 4, 4 * 8 + 5],
    );
  });
});
