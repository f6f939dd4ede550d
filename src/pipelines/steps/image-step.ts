import { type Step, StepError, type Value } from '../step.js';
import type { Image, ValueType } from '../value-type.js';
import { cropImage } from './crop-rows.js';
import { type CropOperation, type ImageOperation, type ImagePlan, planOf } from './image-plan.js';
import { runPlan } from './image-run.js';

/** What is known at load of an image. */
export type ImageType = Extract<ValueType, { kind: 'image' }>;

/** The type of what a step is given that takes nothing but images. */
export function imageType(given: ValueType): ImageType {
  if (given.kind === 'image') return given;
  throw new StepError(`expected an image; got ${given.kind}`);
}

/** What an image step is besides what it does. */
interface Placed {
  readonly name: string;
  readonly gives: ImageType;
  /** A file to begin with, if the step can stand first. */
  readonly sample?: () => Promise<Uint8Array>;
}

/**
 * One operation on images, or several that are one run of sharp: from the bytes of a file, or from an image, to an
 * image.
 */
export class ImageStep implements Step {
  readonly name: string;
  readonly gives: ImageType;
  readonly runs: 'javascript' | 'native';
  readonly sample?: () => Promise<Uint8Array>;
  readonly #operations: readonly ImageOperation[];
  /** Undefined for a crop by itself, which is copying rows: that needs no sharp. */
  readonly #plan: ImagePlan | undefined;

  constructor({ name, gives, sample }: Placed, operations: readonly ImageOperation[]) {
    this.name = name;
    this.gives = gives;
    if (sample !== undefined) this.sample = sample;
    this.#operations = operations;
    this.#plan = planOf(operations);
    this.runs = this.#plan === undefined ? 'javascript' : 'native';
  }

  run(value: Value): Image | Promise<Image> {
    if (this.#plan === undefined) return cropImage(value as Image, this.#operations[0] as CropOperation);
    return runPlan(this.#plan, value as Uint8Array | Image);
  }

  /** Pixels, or the bytes of a file. */
  effort(value: Value): number {
    if (value instanceof Uint8Array) return value.length;
    const { width, height } = value as Image;
    return width * height;
  }

  fuse(next: Step): ImageStep | undefined {
    if (!(next instanceof ImageStep)) return undefined;
    const operations = [...this.#operations, ...next.#operations];
    if (planOf(operations) === undefined) return undefined;
    const { sample } = this;
    const placed = { name: `${this.name} + ${next.name}`, gives: next.gives };
    return new ImageStep(sample === undefined ? placed : { ...placed, sample }, operations);
  }
}
