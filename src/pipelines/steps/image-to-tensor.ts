import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { allocate, type NumericArray } from '../../tensor/datatype.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Step, StepError, stepKind, type Value } from '../step.js';
import type { Image, TensorType } from '../value-type.js';
import { type ImageType, imageType } from './image-step.js';
import {
  fillFromPixels,
  fillPlanes,
  type PixelDatatype,
  type PixelLines,
  type PixelScaling,
  type PixelTable,
  pixelDatatypes,
  pixelLine,
  pixelTable,
} from './pixel-values.js';
import {
  channelsOf,
  checkChannels,
  imageInput,
  type Layout,
  layoutFor,
  layouts,
  tensorShape,
} from './tensor-layout.js';

const MAX_CHANNELS = 4;

const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4)]);

const tensorSchema = z.strictObject({
  layout: z
    .enum(layouts)
    .exactOptional()
    .describe("The order of the dimensions: channels, height, width. Without it the model's, or else `CHW`"),
  datatype: z
    .enum(pixelDatatypes)
    .exactOptional()
    .describe("The datatype. Without it the model's, or else `FP32`; to a whole number a pixel is rounded"),
  threshold: z
    .int()
    .min(1)
    .max(255)
    .exactOptional()
    .describe('Where given, pixels from here on become 255 and others 0, before anything else'),
  scale: z
    .number()
    .exactOptional()
    .describe('What pixels, 0 to 255, are multiplied by. Without it 1/255, and 1 for a datatype of whole numbers'),
  mean: perChannel
    .default(0)
    .describe("What is then subtracted: a number, or one for each of the tensor's channels in their order"),
  std: perChannel
    .refine((std) => [std].flat().every((value) => value !== 0), 'expected anything but 0')
    .default(1)
    .describe("What is then divided by: a number, or one for each of the tensor's channels in their order"),
  bgr: z.boolean().default(false).describe('Whether blue comes first and red last'),
});

/** image h×w×c → tensor [c, h, w], [h, w, c] or [h, w], each element `(pixel · scale − mean) / std`. */
export const imageToTensorKind = stepKind({
  name: 'image_to_tensor',
  summary: "Makes the model's input of an image: `(pixel · scale − mean) / std`, channel by channel.",
  takes: ['image'],
  gives: ['tensor'],
  options: tensorSchema,
  resolve(options, given, { inputs }): Step {
    const image = imageType(given);
    const input = imageInput(inputs);
    const layout = options.layout ?? layoutFor(input, image.channels);
    checkChannels(image, { input, layout, isChosen: options.layout !== undefined });
    const channels = image.channels ?? channelsOf(input, layout) ?? listLength(options);
    checkLists(options, channels);
    const datatype = options.datatype ?? pixelDatatypes.find((known) => known === input?.datatype) ?? 'FP32';
    return new ImageToTensor(options, { image, datatype, layout, channels });
  },
});

type TensorOptions = z.output<typeof tensorSchema>;

/** How many channels mean and std speak of; undefined if they are single numbers. */
function listLength({ mean, std }: TensorOptions): number | undefined {
  return [mean, std].find((value) => Array.isArray(value))?.length;
}

function checkLists({ mean, std, bgr }: TensorOptions, channels: number | undefined): void {
  for (const [name, value] of Object.entries({ mean, std })) {
    if (!Array.isArray(value) || value.length === channels) continue;
    throw new StepError(`${name} has ${value.length} numbers for an image of ${channels} channels`);
  }
  if (bgr && channels === 1) throw new StepError('bgr is for an image of 3 channels, and this one has 1');
}

/** What becomes of each channel of the tensor. */
function scalingsFor(options: TensorOptions, datatype: PixelDatatype, channels: number): PixelScaling[] {
  const { mean, std, threshold } = options;
  const scale = options.scale ?? (datatype.startsWith('FP') ? 1 / 255 : 1);
  const at = (value: number | number[], channel: number) =>
    typeof value === 'number' ? value : (value[channel] as number);
  return Array.from({ length: channels }, (_, channel) => {
    return { scale, mean: at(mean, channel), std: at(std, channel), threshold };
  });
}

/** For three channels of FP32 one after the other, in the image's order: what nearly all models of images take. */
function linesFor(
  scalings: readonly PixelScaling[],
  { datatype, layout, bgr }: { datatype: PixelDatatype; layout: Layout; bgr: boolean },
): PixelLines | undefined {
  const [red, green, blue] = scalings.map(pixelLine);
  if (datatype !== 'FP32' || layout !== 'CHW' || bgr || scalings.length !== 3) return undefined;
  return red === undefined || green === undefined || blue === undefined ? undefined : [red, green, blue];
}

class ImageToTensor implements Step {
  readonly name = 'image_to_tensor';
  readonly runs = 'javascript';
  readonly gives: TensorType & { readonly kind: 'tensor' };
  readonly #datatype: PixelDatatype;
  readonly #layout: Layout;
  /** Undefined if nothing but the image itself tells. */
  readonly #channels: number | undefined;
  readonly #tables: readonly PixelTable[];
  /** Undefined where only the tables tell. */
  readonly #lines: PixelLines | undefined;
  readonly #bgr: boolean;

  constructor(
    options: TensorOptions,
    made: { image: ImageType; datatype: PixelDatatype; layout: Layout; channels: number | undefined },
  ) {
    const { image, datatype, layout, channels } = made;
    this.gives = { kind: 'tensor', datatype, shape: tensorShape(image, channels, layout) };
    this.#datatype = datatype;
    this.#layout = layout;
    this.#channels = channels;
    const scalings = scalingsFor(options, datatype, channels ?? MAX_CHANNELS);
    this.#tables = scalings.map((scaling) => pixelTable(datatype, scaling));
    this.#lines = linesFor(scalings, { datatype, layout, bgr: options.bgr });
    this.#bgr = options.bgr;
  }

  /** @throws MillraceError INVALID_INPUT if the image has other channels than were foreseen */
  run(value: Value): Tensor {
    const image = value as Image;
    const { width, height, channels } = image;
    if (channels !== (this.#channels ?? channels)) {
      const details = { expected: `${this.#channels} channels`, got: String(channels) };
      throw new MillraceError('INVALID_INPUT', 'The image has other channels than the model takes.', details);
    }
    const data = allocate(this.#datatype, width * height * channels) as NumericArray;
    const order = this.#layout === 'CHW' ? 'planes' : 'pixels';
    if (this.#lines !== undefined) fillPlanes(data as Float32Array, image.data, this.#lines);
    else fillFromPixels(data, image, { tables: this.#tables, order, bgr: this.#bgr });
    const shape = { CHW: [channels, height, width], HWC: [height, width, channels], HW: [height, width] }[this.#layout];
    return { datatype: this.#datatype, shape, data };
  }

  /** Pixels. */
  effort(value: Value): number {
    const { width, height } = value as Image;
    return width * height;
  }
}
