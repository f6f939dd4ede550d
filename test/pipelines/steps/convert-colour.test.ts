import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from '#src/pipelines/value-type.js';
import { buildStep, type WrittenStep } from '../../support/built-steps.js';
import { paint, pixelAt, quarters } from '../../support/image-fixtures.js';

async function convert(written: WrittenStep, image: Image): Promise<Image> {
  return (await (await buildStep(written, { given: 'image' })).run(image)) as Image;
}

const grey = paint({ width: 6, height: 4, channels: 1 }, (x, y) => 30 * x + 7 * y);
const glass = paint({ width: 2, height: 2, channels: 4 }, (_x, _y, channel) => [255, 0, 0, 51][channel] as number);

/** The luminance of a colour as sRGB codes it (IEC 61966-2-1). */
function luminance(colour: readonly number[]): number {
  const linear = colour.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const sum = [0.2126, 0.7152, 0.0722].reduce((total, weight, at) => total + weight * (linear[at] as number), 0);
  return 255 * (sum <= 0.0031308 ? 12.92 * sum : 1.055 * sum ** (1 / 2.4) - 0.055);
}

describe('colour', () => {
  it('makes an image grey by its luminance', async () => {
    const image = await convert({ colour: 'grey' }, quarters(8, 8));
    assert.equal(image.channels, 1);
    for (const [x, y, colour] of [
      [1, 1, [255, 0, 0]],
      [6, 1, [0, 255, 0]],
      [1, 6, [0, 0, 255]],
      [6, 6, [255, 255, 255]],
    ] as const) {
      assert.ok(Math.abs((pixelAt(image, x, y)[0] as number) - luminance(colour)) <= 1);
    }
  });

  it('gives a grey image three equal channels', async () => {
    const image = await convert({ colour: 'rgb' }, grey);
    assert.deepEqual(
      [...image.data],
      [...grey.data].flatMap((level) => [level, level, level]),
    );
  });

  it('gives an opaque alpha channel', async () => {
    assert.deepEqual(pixelAt(await convert({ colour: 'rgba' }, grey), 2, 1), [67, 67, 67, 255]);
    assert.deepEqual(pixelAt(await convert({ colour: 'rgba' }, quarters(4, 4)), 0, 0), [255, 0, 0, 255]);
    assert.deepEqual(pixelAt(await convert({ colour: 'rgba' }, glass), 0, 0), [255, 0, 0, 51]);
  });

  it('lays what is transparent over a background', async () => {
    assert.deepEqual(pixelAt(await convert({ colour: 'rgb' }, glass), 0, 0), [255, 204, 204]);
    const onBlack = await convert({ colour: { space: 'rgb', background: 'black' } }, glass);
    assert.deepEqual(pixelAt(onBlack, 0, 0), [51, 0, 0]);
    const [level] = pixelAt(await convert({ colour: { space: 'grey' } }, glass), 1, 1) as [number];
    assert.ok(Math.abs(level - luminance([255, 204, 204])) <= 1);
  });

  it('leaves alone what is so already', async () => {
    assert.deepEqual([...(await convert({ colour: 'grey' }, grey)).data], [...grey.data]);
    assert.deepEqual([...(await convert({ colour: 'rgb' }, quarters(4, 4))).data], [...quarters(4, 4).data]);
  });

  it('says what it gives', async () => {
    const step = await buildStep({ colour: 'grey' }, { given: { kind: 'image', width: 4, height: 5, channels: 3 } });
    assert.deepEqual(step.gives, { kind: 'image', width: 4, height: 5, channels: 1 });
  });

  it('refuses colours that are none', async () => {
    for (const background of ['red', '#12345', 256, [1, 2], [1, 2, 300]]) {
      await assert.rejects(buildStep({ colour: { space: 'rgb', background } }, { given: 'image' }), {
        name: 'ZodError',
      });
    }
  });
});
