import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StepError } from '#src/pipelines/step.js';
import { type Image, typeText, type ValueType } from '#src/pipelines/value-type.js';
import { halfToNumber } from '#src/tensor/half-float.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep, modelInput } from '../../support/built-steps.js';
import { paint } from '../../support/image-fixtures.js';

const image = paint({ width: 5, height: 4, channels: 3 }, (x, y, channel) => (x * 50 + y * 17 + channel * 83) % 256);
const rgb: ValueType = { kind: 'image', width: 5, height: 4, channels: 3 };
const grey: ValueType = { ...rgb, channels: 1 };
const greyImage = paint({ width: 5, height: 4, channels: 1 }, (x, y) => x * 40 + y * 20);

interface Around {
  given?: ValueType;
  inputs?: ReturnType<typeof modelInput>[];
  on?: Image;
}

async function convert(options: object, { given = rgb, inputs = [], on = image }: Around = {}): Promise<Tensor> {
  return (await (await buildStep({ image_to_tensor: options }, { given, inputs })).run(on)) as Tensor;
}

async function typeOf(options: object, { given = rgb, inputs = [] }: Around = {}): Promise<string> {
  return typeText((await buildStep({ image_to_tensor: options }, { given, inputs })).gives);
}

/** What a tensor has to be, element by element, the slow way. */
function reference(from: Image, layout: string, element: (level: number, channel: number) => number): number[] {
  const elements: number[] = [];
  const { width, height, channels, data } = from;
  const level = (x: number, y: number, channel: number) =>
    element(data[(y * width + x) * channels + channel] as number, channel);
  if (layout === 'CHW') {
    for (let channel = 0; channel < channels; channel += 1)
      for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) elements.push(level(x, y, channel));
  } else {
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        for (let channel = 0; channel < channels; channel += 1) elements.push(level(x, y, channel));
  }
  return elements;
}

function assertClose({ data }: Tensor, expected: readonly number[]): void {
  assert.equal(data.length, expected.length);
  for (const [at, value] of expected.entries()) {
    assert.ok(Math.abs(Number(data[at]) - value) < 1e-5, `${at}: ${data[at]} and not ${value}`);
  }
}

describe('image_to_tensor', () => {
  const mean = [0.485, 0.456, 0.406];
  const std = [0.229, 0.224, 0.225];
  for (const layout of ['CHW', 'HWC'] as const) {
    it(`normalises channel by channel: ${layout}`, async () => {
      const tensor = await convert({ layout, mean, std });
      assert.deepEqual([tensor.datatype, tensor.shape], ['FP32', layout === 'CHW' ? [3, 4, 5] : [4, 5, 3]]);
      const normalised = (level: number, at: number) => (level / 255 - (mean[at] as number)) / (std[at] as number);
      assertClose(tensor, reference(image, layout, normalised));
    });

    it(`puts blue first if asked to: ${layout}`, async () => {
      const tensor = await convert({ layout, bgr: true, scale: 1, mean: [104, 117, 123] });
      const turned = paint(image, (x, y, channel) => image.data[(y * 5 + x) * 3 + 2 - channel] as number);
      assertClose(
        tensor,
        reference(turned, layout, (level, at) => level - ([104, 117, 123][at] as number)),
      );
    });
  }

  it('takes one number for all channels', async () => {
    assertClose(
      await convert({ mean: 0.5, std: 0.5 }),
      reference(image, 'CHW', (level) => (level / 255 - 0.5) / 0.5),
    );
  });

  it('leaves levels as they are for whole numbers', async () => {
    for (const datatype of ['UINT8', 'UINT16', 'INT16', 'UINT32', 'INT32', 'INT64', 'UINT64'] as const) {
      const tensor = await convert({ datatype });
      assert.equal(tensor.datatype, datatype);
      assertClose(
        tensor,
        reference(image, 'CHW', (level) => level),
      );
    }
    const signed = await convert({ datatype: 'INT8', mean: 128 });
    assert.ok(signed.data instanceof Int8Array);
    assertClose(
      signed,
      reference(image, 'CHW', (level) => level - 128),
    );
    assertClose(
      await convert({ datatype: 'UINT8', scale: 0.1 }),
      reference(image, 'CHW', (level) => Math.round(level * 0.1)),
    );
  });

  it('writes half and double floats', async () => {
    const { data } = await convert({ datatype: 'FP16' });
    const expected = reference(image, 'CHW', (level) => level / 255);
    for (const [at, bits] of (data as Uint16Array).entries()) {
      assert.ok(Math.abs(halfToNumber(bits) - (expected[at] as number)) < 5e-4);
    }
    assert.deepEqual(
      [...(await convert({ datatype: 'FP64' })).data],
      reference(image, 'CHW', (level) => level * (1 / 255)),
    );
  });

  it('divides in two at a threshold', async () => {
    const tensor = await convert({ threshold: 100 });
    assertClose(
      tensor,
      reference(image, 'CHW', (level) => (level >= 100 ? 1 : 0)),
    );
  });

  it('takes images with alpha and grey ones', async () => {
    const four = paint({ width: 3, height: 2, channels: 4 }, (x, y, channel) => x * 20 + y * 50 + channel);
    const given: ValueType = { kind: 'image', width: 3, height: 2, channels: 4 };
    assertClose(
      await convert({ scale: 1 }, { given, on: four }),
      reference(four, 'CHW', (level) => level),
    );
    const turned = paint(four, (x, y, at) => four.data[(y * 3 + x) * 4 + ([2, 1, 0, 3][at] as number)] as number);
    assertClose(
      await convert({ scale: 1, bgr: true }, { given, on: four }),
      reference(turned, 'CHW', (level) => level),
    );
    const tensor = await convert({}, { given: grey, on: greyImage });
    assert.deepEqual(tensor.shape, [1, 4, 5]);
    assert.deepEqual((await convert({ layout: 'HW' }, { given: grey, on: greyImage })).shape, [4, 5]);
  });

  it('follows the model where nothing is said', async () => {
    const free = { symbol: 'h' };
    const cases: [shape: (number | { symbol: string | null })[], given: ValueType, text: string][] = [
      [[3, 4, 5], rgb, 'tensor FP32[3, 4, 5]'],
      [[4, 5, 3], rgb, 'tensor FP32[4, 5, 3]'],
      [[free, free, 3], rgb, 'tensor FP32[4, 5, 3]'],
      [[3, free, free], rgb, 'tensor FP32[3, 4, 5]'],
      [[free, free, free], rgb, 'tensor FP32[3, 4, 5]'],
      [[4, 5, 1], grey, 'tensor FP32[4, 5, 1]'],
      [[4, 5], grey, 'tensor FP32[4, 5]'],
      [[3, 224, 224], { kind: 'image', width: undefined, height: 5, channels: undefined }, 'tensor FP32[3, 5, ?]'],
      [[224, 224, 4], { kind: 'image', width: undefined, height: 5, channels: undefined }, 'tensor FP32[5, ?, 4]'],
    ];
    for (const [shape, given, text] of cases) {
      assert.equal(await typeOf({}, { given, inputs: [modelInput(shape)] }), text);
    }
    assert.equal(await typeOf({}, { inputs: [modelInput([3, 4, 5], 'UINT8')] }), 'tensor UINT8[3, 4, 5]');
    assert.equal(await typeOf({}, { inputs: [modelInput([3, 4, 5], 'BYTES')] }), 'tensor FP32[3, 4, 5]');
    // Which of two inputs is meant nobody knows, unless one of them is no image.
    const other = { ...modelInput([2], 'INT64'), name: 'other' };
    assert.equal(await typeOf({}, { inputs: [other, modelInput([4, 5, 3], 'INT32')] }), 'tensor INT32[4, 5, 3]');
    const two = [modelInput([4, 5, 3]), { ...modelInput([4, 5, 3]), name: 'y' }];
    assert.equal(await typeOf({}, { inputs: two }), 'tensor FP32[3, 4, 5]');
  });

  it('finds at load what does not fit', async () => {
    const refused: [options: object, around: Around, message: RegExp][] = [
      [{ mean: [0.5, 0.5] }, {}, /^mean has 2 numbers for an image of 3 channels$/],
      [{ mean: [1, 2, 3], std: [1] }, {}, /^std has 1 numbers for an image of 3 channels$/],
      [{ bgr: true }, { given: grey }, /^bgr is for an image of 3 channels/],
      [
        { layout: 'HWC' },
        { inputs: [modelInput([3, 224, 224])] },
        /^layout: HWC is not the model's; the model's input x takes FP32\[3, 224, 224\], which is CHW$/,
      ],
      [
        {},
        { inputs: [modelInput([1, 28, 28])] },
        /^an image of 1 channels is needed, and this one has 3; the model's input x takes FP32\[1, 28, 28\]; `colour: grey` before this step gives that$/,
      ],
      [{ layout: 'HW' }, {}, /^an image of 1 channels is needed, and this one has 3/],
      [{ datatype: 'INT8' }, {}, /^pixels become 128, which INT8 cannot hold/],
      [{ datatype: 'UINT64', mean: 1 }, {}, /^pixels become -1, which UINT64 cannot hold/],
    ];
    for (const [options, around, message] of refused) {
      await assert.rejects(typeOf(options, around), (error) => {
        assert.ok(error instanceof StepError);
        assert.match(error.message, message);
        return true;
      });
    }
    for (const options of [{ std: 0 }, { std: [1, 0, 1] }, { mean: [] }, { threshold: 0 }, { datatype: 'BYTES' }]) {
      await assert.rejects(typeOf(options), { name: 'ZodError' });
    }
  });

  it('refuses an image of other channels than the model takes, where they were not known', async () => {
    const given: ValueType = { kind: 'image', width: undefined, height: undefined, channels: undefined };
    const around = { given, inputs: [modelInput([3, 4, 5])], on: greyImage };
    await assert.rejects(convert({}, around), { code: 'INVALID_INPUT', details: { expected: '3 channels', got: '1' } });
    assert.deepEqual((await convert({}, { given, on: greyImage })).shape, [1, 4, 5]);
    assert.deepEqual((await convert({}, { given })).shape, [3, 4, 5]);
  });
});
