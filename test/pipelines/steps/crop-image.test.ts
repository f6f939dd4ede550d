import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepError } from '#src/pipelines/step.js';
import type { Image, ValueType } from '#src/pipelines/value-type.js';
import { buildStep } from '../../support/built-steps.js';
import { paint, pixelAt } from '../../support/image-fixtures.js';

/** Each pixel tells its place. */
const places = paint({ width: 30, height: 20, channels: 3 }, (x, y, channel) => [x, y, x + y][channel] as number);

async function crop(options: object, given: 'image' | ValueType = 'image'): Promise<Image> {
  return (await (await buildStep({ crop: options }, { given })).run(places)) as Image;
}

describe('crop', () => {
  it('cuts out the middle, and where it is not in the middle of a pixel, the half pixel goes to the left', async () => {
    for (const [width, height] of [
      [10, 10],
      [11, 9],
      [30, 20],
      [1, 1],
      [29, 19],
    ] as const) {
      const image = await crop({ width, height });
      const [left, top] = [Math.ceil((30 - width) / 2), Math.ceil((20 - height) / 2)];
      assert.deepEqual([image.width, image.height, image.channels], [width, height, 3]);
      for (const [x, y] of [[0, 0] as const, [width - 1, height - 1] as const]) {
        assert.deepEqual(pixelAt(image, x, y), pixelAt(places, left + x, top + y));
      }
    }
  });

  it('cuts out from a place on', async () => {
    const image = await crop({ width: 3, height: 2, left: 27, top: 5 });
    assert.deepEqual(pixelAt(image, 0, 0), [27, 5, 32]);
    assert.deepEqual(pixelAt(image, 2, 1), [29, 6, 35]);
  });

  it('needs no sharp by itself', async () => {
    assert.equal((await buildStep({ crop: { width: 3, height: 2 } }, { given: 'image' })).runs, 'javascript');
  });

  it('refuses an image that is too small', async () => {
    await assert.rejects(crop({ width: 31, height: 4 }), {
      code: 'INVALID_INPUT',
      details: { expected: 'at least 31×4 pixels', got: '30×20' },
    });
    await assert.rejects(crop({ width: 10, height: 10, left: 5, top: 11 }), {
      code: 'INVALID_INPUT',
      details: { expected: 'at least 15×21 pixels', got: '30×20' },
    });
  });

  it('finds at load that it cannot be', async () => {
    const given: ValueType = { kind: 'image', width: 224, height: 200, channels: 3 };
    await assert.rejects(crop({ width: 256, height: 256 }, given), (error) => {
      assert.ok(error instanceof StepError);
      assert.equal(error.message, 'an image of at least 256×256 is needed, and this one has 224×200');
      return true;
    });
    await assert.rejects(crop({ width: 224, height: 1, left: 1, top: 0 }, given), StepError);
    await assert.rejects(crop({ width: 4, height: 4, left: 1 }), { name: 'ZodError' });
  });

  it('says what it gives', async () => {
    const given: ValueType = { kind: 'image', width: undefined, height: undefined, channels: 4 };
    const step = await buildStep({ crop: { width: 5, height: 6 } }, { given });
    assert.deepEqual(step.gives, { kind: 'image', width: 5, height: 6, channels: 4 });
    assert.equal(step.effort?.(places), 600);
  });
});
