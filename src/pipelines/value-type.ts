import { type Dimension, shapeText } from '../model/signature.js';
import type { Datatype } from '../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/** A decoded picture: `height` × `width` × `channels` bytes, row by row, channels last (1 grey, 3 RGB, 4 RGBA). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/** A polyline as its points, x to the right and y down. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** One class that a model saw, with how sure it is, and whatever the labels file says of it besides. */
export interface Label {
  readonly label: string;
  readonly score: number;
  readonly [detail: string]: unknown;
}

/** What stands in a label's place in the answer, its score apart: a label with other details. */
export interface LabelRow {
  readonly label: string;
  readonly [detail: string]: unknown;
}

/** What the labels file says of a label by its score; `threshold` with `per_label` does it. */
export interface LabelPolicy {
  /** What the score must at least be. */
  readonly threshold: number | undefined;
  /** Takes the label's place below that; without it the label is left out. */
  readonly otherwise: LabelRow | undefined;
  /** Takes the label's place at or above it. */
  readonly as: LabelRow | undefined;
}

/** What flows between the steps of a pipeline, by kind: one item, never a batch, so tensors have no batch axis. */
export interface Values {
  bytes: Uint8Array;
  text: string;
  /** Columns by name, or in order. */
  record: Readonly<Record<string, unknown>> | readonly unknown[];
  strokes: readonly Stroke[];
  image: Image;
  tensor: Tensor;
  tensors: NamedTensors;
  /** One number for each class. */
  scores: ArrayLike<number>;
  labels: readonly Label[];
  /** Anything that JSON can say. */
  json: object | string | number | boolean | null;
}

/** Kinds of values, by which steps are checked to fit each other. */
export const valueKinds = [
  'bytes',
  'text',
  'record',
  'strokes',
  'image',
  'tensor',
  'tensors',
  'scores',
  'labels',
  'json',
] as const satisfies readonly (keyof Values)[];

export type ValueKind = (typeof valueKinds)[number];

/** Datatype and shape of a tensor; undefined where they are known only when it is there. */
export interface TensorType {
  readonly datatype: Datatype | undefined;
  readonly shape: readonly Dimension[] | undefined;
}

/** What is known at load of a value at one place of a pipeline. */
export type ValueType =
  | { readonly kind: Exclude<ValueKind, 'image' | 'tensor' | 'tensors' | 'scores' | 'labels'> }
  | {
      readonly kind: 'image';
      readonly width: number | undefined;
      readonly height: number | undefined;
      readonly channels: Image['channels'] | undefined;
    }
  | ({ readonly kind: 'tensor' } & TensorType)
  | { readonly kind: 'tensors'; readonly tensors: Readonly<Record<string, TensorType>> }
  | { readonly kind: 'scores'; readonly count: number | undefined }
  | LabelsType;

/** Of the type is known what the labels themselves need not carry. */
export interface LabelsType {
  readonly kind: 'labels';
  /** By label: what its file says of it. */
  readonly policies?: ReadonlyMap<string, LabelPolicy>;
  /** All labels, in the order of the classes that they stand for. */
  readonly classes?: readonly string[];
}

/** A type of which nothing but the kind is known. */
export function anyOfKind(kind: ValueKind): ValueType {
  switch (kind) {
    case 'image':
      return { kind, width: undefined, height: undefined, channels: undefined };
    case 'tensor':
      return { kind, datatype: undefined, shape: undefined };
    case 'tensors':
      return { kind, tensors: {} };
    case 'scores':
      return { kind, count: undefined };
    default:
      return { kind };
  }
}

/** A type as messages and GET /models/{name} show it: `image 32×32×1`, `tensor FP32[3, 224, 224]`. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'image': {
      const { width, height, channels } = type;
      const size = width === undefined && height === undefined ? '' : ` ${width ?? '?'}×${height ?? '?'}`;
      return `image${size}${channels === undefined ? '' : `${size === '' ? ' ?×?' : ''}×${channels}`}`;
    }
    case 'tensor':
      return `tensor ${tensorText(type)}`.trimEnd();
    case 'tensors': {
      const parts = Object.entries(type.tensors).map(([name, tensor]) => `${name} ${tensorText(tensor)}`);
      return `tensors ${parts.join(', ')}`.trimEnd();
    }
    case 'scores':
      return type.count === undefined ? 'scores' : `scores of ${type.count} classes`;
    default:
      return type.kind;
  }
}

/** `FP32[3, ?]`. */
export function tensorText({ datatype, shape }: TensorType): string {
  return `${datatype ?? ''}${shape === undefined ? '' : shapeText(shape)}`;
}

/** Whether a tensor of one type may stand where the other is expected, as far as is known. */
export function tensorFits(given: TensorType, expected: TensorType): boolean {
  const { datatype, shape } = given;
  if (datatype !== undefined && expected.datatype !== undefined && datatype !== expected.datatype) return false;
  if (shape === undefined || expected.shape === undefined) return true;
  return (
    shape.length === expected.shape.length &&
    shape.every((size, axis) => {
      const other = expected.shape?.[axis];
      return typeof size !== 'number' || typeof other !== 'number' || size === other;
    })
  );
}
