import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from '#src/pipelines/value-type.js';
import { buildStep, type WrittenStep } from '../../support/built-steps.js';
import { blackPng, difference, encode, paint, pixelAt, quarters, waves } from '../../support/image-fixtures.js';

const picture = waves(120, 90);

async function decode(bytes: Uint8Array, options: object = {}): Promise<Image> {
  return (await (await buildStep({ decode_image: options })).run(bytes)) as Image;
}

describe('decode_image', () => {
  const lossless = { png: encode(picture).png(), 'lossless webp': encode(picture).webp({ lossless: true }) };
  for (const [name, file] of Object.entries({ ...lossless, tiff: encode(picture).tiff({ compression: 'lzw' }) })) {
    it(`gives the pixels of a ${name} to the byte`, async () => {
      assert.deepEqual({ ...(await decode(await file.toBuffer())) }, { ...picture, data: Buffer.from(picture.data) });
    });
  }

  const lossy = {
    jpeg: encode(picture).jpeg(),
    webp: encode(picture).webp(),
    avif: encode(picture).avif({ effort: 0 }),
  };
  for (const [name, file] of Object.entries({ ...lossy, gif: encode(picture).gif() })) {
    it(`reads a ${name}`, async () => {
      const image = await decode(await file.toBuffer());
      assert.deepEqual([image.width, image.height, image.channels], [120, 90, 3]);
      assert.ok(difference(image, picture).mean < 8);
    });
  }

  it('gives 8 bits a channel in sRGB, whatever the file has', async () => {
    const deep = await encode(picture).toColourspace('rgb16').png().toBuffer();
    assert.ok(difference(await decode(deep), picture).largest <= 1);
    const deepWithProfile = await encode(picture).toColourspace('rgb16').withIccProfile('srgb').png().toBuffer();
    assert.ok(difference(await decode(deepWithProfile), picture).largest <= 1);
    const wide = await encode(picture).withIccProfile('p3').png().toBuffer();
    assert.ok(difference(await decode(wide), picture).largest <= 3);
    assert.ok(difference(await decode(wide, { icc_profile: 'ignore' }), picture).largest > 10);
    const palette = await encode(quarters(16, 16)).png({ palette: true, colours: 4 }).toBuffer();
    assert.ok(difference(await decode(palette), quarters(16, 16)).largest <= 1);
    assert.deepEqual(pixelAt(await decode(blackPng(9, 9, 1)), 4, 4), [0, 0, 0]);
    assert.deepEqual(pixelAt(await decode(blackPng(9, 9, 16)), 4, 4), [0, 0, 0]);
  });

  it('converts CMYK, with a profile and without one', async () => {
    // Colours that ink can print: what it cannot is moved into its range.
    const soft = paint({ width: 32, height: 32, channels: 3 }, (x, y, channel) => 110 + x + (channel === 1 ? y : 20));
    for (const file of [encode(soft).toColourspace('cmyk'), encode(soft).withIccProfile('cmyk')]) {
      const image = await decode(await file.jpeg({ quality: 95 }).toBuffer());
      assert.equal(image.channels, 3);
      assert.ok(difference(image, soft).mean < 12, `${difference(image, soft).mean}`);
    }
  });

  it('gives as many channels as are asked for', async () => {
    const grey = paint({ width: 8, height: 6, channels: 1 }, (x, y) => 20 * x + 10 * y);
    const greyFile = await encode(grey).toColourspace('b-w').png().toBuffer();
    const colours = await decode(greyFile);
    assert.deepEqual([colours.channels, pixelAt(colours, 3, 2)], [3, [80, 80, 80]]);
    assert.deepEqual([...(await decode(greyFile, { colour: 'grey' })).data], [...grey.data]);
    assert.deepEqual(pixelAt(await decode(greyFile, { colour: 'rgba' }), 3, 2), [80, 80, 80, 255]);
    const red = await encode(quarters(8, 8)).png().toBuffer();
    // The luminance of pure red, 0.2126, as sRGB codes it.
    const luminance = 255 * (1.055 * 0.2126 ** (1 / 2.4) - 0.055);
    const [level] = pixelAt(await decode(red, { colour: 'grey' }), 1, 1) as [number];
    assert.ok(Math.abs(level - luminance) <= 1, `${level}`);
  });

  it('lays transparent images over a background', async () => {
    const half = paint(
      { width: 4, height: 4, channels: 4 },
      (_x, _y, channel) => [200, 100, 0, 102][channel] as number,
    );
    const file = await encode(half).png().toBuffer();
    const over = (ground: number[]) => [200, 100, 0].map((level, at) => level * 0.4 + (ground[at] as number) * 0.6);
    for (const [background, ground] of [
      ['white', [255, 255, 255]],
      ['#0000ff', [0, 0, 255]],
      [
        [10, 20, 30],
        [10, 20, 30],
      ],
      [50, [50, 50, 50]],
    ] as const) {
      const pixel = pixelAt(await decode(file, { background }), 2, 2);
      for (const [at, level] of over([...ground]).entries()) assert.ok(Math.abs((pixel[at] as number) - level) <= 1);
    }
    assert.deepEqual(pixelAt(await decode(file, { colour: 'rgba' }), 2, 2), [200, 100, 0, 102]);
  });

  /** Which corner of the upright image each corner of the stored one is, from EXIF's table: left upper, right upper, left lower, right lower. */
  const uprightCorners: readonly (readonly number[])[] = [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [3, 2, 1, 0],
    [2, 3, 0, 1],
    [0, 2, 1, 3],
    [1, 3, 0, 2],
    [3, 1, 2, 0],
    [2, 0, 3, 1],
  ];
  for (const [index, corners] of uprightCorners.entries()) {
    it(`turns an image upright whose EXIF orientation is ${index + 1}`, async () => {
      const stored = quarters(40, 20);
      const file = await encode(stored)
        .withExif({})
        .withMetadata({ orientation: index + 1 })
        .png()
        .toBuffer();
      const upright = await decode(file);
      assert.deepEqual([upright.width, upright.height], index < 4 ? [40, 20] : [20, 40]);
      const cornersOf = (image: Image) => {
        const [right, low] = [image.width - 2, image.height - 2];
        return [pixelAt(image, 1, 1), pixelAt(image, right, 1), pixelAt(image, 1, low), pixelAt(image, right, low)];
      };
      const before = cornersOf(stored);
      const after = cornersOf(upright);
      for (const [from, to] of corners.entries()) assert.deepEqual(after[to], before[from]);
      assert.deepEqual(pixelAt(await decode(file, { orient: false }), 1, 1), before[0]);
    });
  }

  it('reads the first frame of what moves', async () => {
    const frames = [picture, waves(120, 90)].map(({ data }, index) => data.map((level) => (index === 0 ? level : 0)));
    const film = { width: 120, height: 180, channels: 3, data: Buffer.concat(frames) } as const;
    for (const format of ['gif', 'webp'] as const) {
      const { default: sharp } = await import('sharp');
      const raw = { width: 120, height: 180, channels: 3, pageHeight: 90 } as const;
      const image = await decode(await sharp(film.data, { raw })[format]().toBuffer());
      assert.deepEqual([image.width, image.height], [120, 90]);
      assert.ok(difference(image, picture).mean < 10);
    }
  });

  it('has an example to begin with, which shows something', async () => {
    const step = await buildStep('decode_image');
    const sample = (await step.sample?.()) ?? assert.fail('there is no sample');
    const image = (await step.run(sample)) as Image;
    assert.deepEqual([image.width, image.height, image.channels], [640, 480, 3]);
    assert.ok(image.data.reduce((least, level) => Math.min(least, level)) < 60);
    assert.equal(await step.sample?.(), sample);
    assert.equal(step.effort?.(sample as Uint8Array), (sample as Uint8Array).length);
  });

  it('says what it gives', async () => {
    const channels = async (written: WrittenStep) => (await buildStep(written)).gives;
    const image = { kind: 'image', width: undefined, height: undefined };
    assert.deepEqual(await channels('decode_image'), { ...image, channels: 3 });
    assert.deepEqual(await channels({ decode_image: { colour: 'grey' } }), { ...image, channels: 1 });
    assert.deepEqual(await channels({ decode_image: { colour: 'rgba' } }), { ...image, channels: 4 });
  });
});
