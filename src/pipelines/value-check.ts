import { type Datatype, datatypes } from '../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { Value } from './step.js';
import type { ValueKind } from './value-type.js';

/** Whether a value of unknown origin is of a kind, as far as the steps that take it rely on. */
export function isOfKind(kind: ValueKind, value: unknown): value is Value {
  return checks[kind](value);
}

const checks: Readonly<Record<ValueKind, (value: unknown) => boolean>> = {
  bytes: (value) => value instanceof Uint8Array,
  text: (value) => typeof value === 'string',
  record: isObject,
  strokes: (value) => Array.isArray(value) && value.every((stroke) => Array.isArray(stroke) && stroke.every(isPoint)),
  image: isImage,
  tensor: isTensor,
  tensors: isTensors,
  scores: (value) => (Array.isArray(value) ? value.every(isNumber) : isFloats(value)),
  labels: (value) => Array.isArray(value) && value.every(isLabel),
  json: (value) => value !== undefined && typeof value !== 'function' && typeof value !== 'bigint',
};

/** Whether a value is a tensor that can be put into a batch: its elements are as many as its shape says, in memory that can move. */
export function isTensor(value: unknown): value is Tensor {
  if (!isObject(value)) return false;
  const { datatype, shape, data } = value;
  if (typeof datatype !== 'string' || !Object.hasOwn(datatypes, datatype) || !Array.isArray(shape)) return false;
  if (!shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) return false;
  const count = (shape as number[]).reduce((product, size) => product * size, 1);
  const { array: ArrayType } = datatypes[datatype as Datatype];
  if (ArrayType === undefined) {
    return Array.isArray(data) && data.length === count && data.every((text) => typeof text === 'string');
  }
  return data instanceof ArrayType && data.length === count && data.buffer instanceof ArrayBuffer;
}

function isTensors(value: unknown): value is NamedTensors {
  return isObject(value) && !Array.isArray(value) && Object.values(value).every(isTensor);
}

function isImage(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { width, height, channels, data } = value;
  if (!isNumber(width) || !isNumber(height) || ![1, 3, 4].includes(channels as number)) return false;
  return data instanceof Uint8Array && data.length === width * height * (channels as number);
}

function isLabel(value: unknown): boolean {
  return isObject(value) && typeof value['label'] === 'string' && isNumber(value['score']);
}

function isPoint(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber);
}

function isFloats(value: unknown): boolean {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
