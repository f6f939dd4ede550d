import { StepError } from '../step.js';
import type { Image } from '../value-type.js';
import type { Rgb } from './colour-option.js';

/*
 * Several steps on an image can be one run of sharp, which then hands rows from one operation to the next and never
 * holds a whole image in between; a JPEG is even decoded at a half, a quarter or an eighth of its size if that is
 * enough. But sharp works in an order of its own, whatever the order of the calls (`PipelineWorker::Execute` in its
 * `src/pipeline.cc`): decode, lay over a background, make grey, resize, turn upright, cut or pad to the size asked
 * for, cut out, convert colours. A plan is what fits into that order and gives what the steps would give one by one;
 * steps that don't fit are not fused.
 */

export type ColourSpace = 'rgb' | 'grey' | 'rgba';

export const channelsIn = { rgb: 3, grey: 1, rgba: 4 } as const satisfies Record<ColourSpace, Image['channels']>;

export type Fit = 'fill' | 'cover' | 'contain' | 'inside' | 'outside';

export type Kernel = 'nearest' | 'linear' | 'cubic' | 'mitchell' | 'lanczos2' | 'lanczos3';

export interface DecodeOperation {
  readonly kind: 'decode';
  readonly space: ColourSpace;
  readonly background: Rgb;
  readonly orient: boolean;
  readonly useProfile: boolean;
  readonly maxPixels: number;
  readonly timeoutSeconds: number;
}

export interface ResizeOperation {
  readonly kind: 'resize';
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
  readonly kernel: Kernel;
  readonly background: Rgb;
  readonly enlarge: boolean;
}

/** Without a place the middle is cut out. */
export interface CropOperation {
  readonly kind: 'crop';
  readonly width: number;
  readonly height: number;
  readonly place: Place | undefined;
}

export interface ColourOperation {
  readonly kind: 'colour';
  readonly space: ColourSpace;
  /** What an image with alpha is laid over when it loses it. */
  readonly background: Rgb;
}

export type ImageOperation = DecodeOperation | ResizeOperation | CropOperation | ColourOperation;

/** Where a part of an image begins, in pixels from its left upper corner. */
export interface Place {
  readonly left: number;
  readonly top: number;
}

/** One run of sharp; its members are in the order in which sharp obeys them. */
export interface ImagePlan {
  readonly decode?: DecodeOperation;
  readonly flatten?: Rgb;
  readonly greyFirst?: boolean;
  readonly resize?: ResizeOperation;
  readonly cut?: Place & { readonly width: number; readonly height: number };
  /** Undefined where the image keeps the channels that it has. */
  readonly space?: ColourSpace;
}

/**
 * The one run that does all of these operations in their order, if there is one.
 *
 * @throws StepError if an operation can never be done on what the one before gives
 */
export function planOf(operations: readonly ImageOperation[]): ImagePlan | undefined {
  return operations.reduce<ImagePlan | undefined>((plan, next) => plan && withOperation(plan, next), {});
}

function withOperation(plan: ImagePlan, next: ImageOperation): ImagePlan | undefined {
  switch (next.kind) {
    case 'decode':
      return Object.keys(plan).length > 0 ? undefined : withColour({ decode: next }, next);
    case 'resize':
      return canResize(plan, next) ? { ...plan, resize: next } : undefined;
    case 'crop':
      return plan.resize === undefined || plan.cut !== undefined ? undefined : withCut(plan, plan.resize, next);
    case 'colour':
      return withColour(plan, next);
  }
}

function canResize(plan: ImagePlan, { kernel, fit, background }: ResizeOperation): boolean {
  if (plan.resize !== undefined) return false;
  // Decoding at a smaller size would no longer choose single pixels.
  if (kernel === 'nearest' && plan.decode !== undefined) return false;
  // A grey image gets its three channels last in a run, and would be padded with a grey.
  return fit !== 'contain' || isGrey(background) || Object.keys(plan).length === 0;
}

/**
 * Losing alpha comes before resizing here, which gives the same: both are weighted sums, and what a `contain` pads
 * with has no alpha. Making grey is no such sum, so there its place matters.
 */
function withColour(plan: ImagePlan, { space, background }: Omit<ColourOperation, 'kind'>): ImagePlan | undefined {
  if (plan.space === 'grey') return space === 'grey' ? plan : undefined;
  if (space === 'rgba') return { ...plan, space };
  const greyFirst = space === 'grey' && plan.resize === undefined;
  return { ...plan, space, flatten: plan.flatten ?? background, greyFirst };
}

function withCut(plan: ImagePlan, resize: ResizeOperation, crop: CropOperation): ImagePlan | undefined {
  const { width, height } = crop;
  if (resize.fit === 'inside') return undefined;
  const { left, top } = crop.place ?? middle(resize, crop);
  if (left < 0 || top < 0 || left + width > resize.width || top + height > resize.height) {
    if (resize.fit !== 'outside' || crop.place !== undefined) return undefined;
    throw new StepError(
      `crop takes ${width}×${height} out of images of which some are only ${resize.width}×${resize.height}`,
    );
  }
  const cut = { left, top, width, height };
  if (resize.fit !== 'outside' || crop.place !== undefined) return { ...plan, resize, cut };
  // How much goes over the edge is known only when the image is there. Cutting that off on both sides and then the rest
  // is the same as cutting once, if no half pixel is rounded twice.
  const isEven = (resize.width - width) % 2 === 0 && (resize.height - height) % 2 === 0;
  return isEven ? { ...plan, resize: { ...resize, fit: 'cover' }, cut } : undefined;
}

/** Where the middle begins that leaves as much on the left as on the right, or one pixel more there: sharp's own rounding. */
export function middle(image: { width: number; height: number }, part: { width: number; height: number }): Place {
  return { left: Math.ceil((image.width - part.width) / 2), top: Math.ceil((image.height - part.height) / 2) };
}

function isGrey([red, green, blue]: Rgb): boolean {
  return red === green && green === blue;
}
