import { type Dimension, shapeText, type TensorSpec } from '../../model/signature.js';
import { StepError } from '../step.js';
import type { ImageType } from './image-step.js';

/** The order of a tensor's dimensions: channels, height, width. */
export const layouts = ['CHW', 'HWC', 'HW'] as const;

export type Layout = (typeof layouts)[number];

const isChannels = (size: Dimension | undefined) => size === 1 || size === 3 || size === 4;

/** The input that an image is meant for, where the model leaves no choice: the only one with a rank of 3, or of 2. */
export function imageInput(inputs: readonly TensorSpec[]): TensorSpec | undefined {
  const [only, ...others] = inputs.filter(({ shape }) => shape.length === 2 || shape.length === 3);
  return others.length === 0 ? only : undefined;
}

/** The layout that goes with a model's input; CHW if it tells nothing. */
export function layoutFor(input: TensorSpec | undefined, channels: number | undefined): Layout {
  if (input === undefined) return 'CHW';
  if (input.shape.length === 2) return 'HW';
  const [first, , last] = input.shape;
  if (first === channels || last === channels) return first === channels ? 'CHW' : 'HWC';
  return !isChannels(first) && isChannels(last) ? 'HWC' : 'CHW';
}

/** The channels that an input takes in a layout; undefined if it does not say. */
export function channelsOf(input: TensorSpec | undefined, layout: Layout): number | undefined {
  if (layout === 'HW') return 1;
  const size = input?.shape.length === 3 ? input.shape[layout === 'CHW' ? 0 : 2] : undefined;
  return typeof size === 'number' ? size : undefined;
}

/** The shape of an image's tensor; what is not known yet is free. */
export function tensorShape({ width, height }: ImageType, channels: number | undefined, layout: Layout): Dimension[] {
  const [h, w, c] = [height, width, channels].map((size) => size ?? { symbol: null }) as [
    Dimension,
    Dimension,
    Dimension,
  ];
  return { CHW: [c, h, w], HWC: [h, w, c], HW: [h, w] }[layout];
}

/**
 * @throws StepError with what to do about it, if the layout was written down and another one is the model's, or if the
 *   image has other channels than the model takes
 */
export function checkChannels(
  image: ImageType,
  { input, layout, isChosen }: { input: TensorSpec | undefined; layout: Layout; isChosen: boolean },
): void {
  const taken = channelsOf(input, layout);
  if (image.channels === undefined || taken === undefined || image.channels === taken) return;
  const fitting = layoutFor(input, image.channels);
  const takes =
    input === undefined ? '' : `; the model's input ${input.name} takes ${input.datatype}${shapeText(input.shape)}`;
  if (isChosen && channelsOf(input, fitting) === image.channels) {
    throw new StepError(`layout: ${layout} is not the model's${takes}, which is ${fitting}`);
  }
  const colour = { 1: 'grey', 3: 'rgb', 4: 'rgba' }[taken];
  const advice = colour === undefined ? '' : `; \`colour: ${colour}\` before this step gives that`;
  throw new StepError(`an image of ${taken} channels is needed, and this one has ${image.channels}${takes}${advice}`);
}
