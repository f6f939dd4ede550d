import { MillraceError } from '../core/errors.js';
import { MAX_NESTING } from '../core/nesting.js';
import { shown } from '../core/zod-issues.js';
import { nestedText } from '../tensor/nested-text.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { Answer } from './step.js';
import type { Image, Label } from './value-type.js';

/**
 * Writes what a pipeline came to as JSON: tensors as nested arrays without the batch axis, bytes as
 * `{"base64": "…"}`, a picture as its size and the bytes of its pixels, everything else as what it is.
 *
 * @throws MillraceError OUTPUT_NOT_FINITE that names the first place which JSON cannot say
 */
export function answerText({ type, value }: Answer): string {
  switch (type.kind) {
    case 'tensor':
      return tensorText(value as Tensor, 'output');
    case 'tensors':
      return tensorsText(value as NamedTensors);
    case 'scores':
      return scoresText(value as ArrayLike<number>);
    case 'labels':
      return jsonText((value as readonly Label[]).map((each) => ({ ...each, score: shortest(each.score) })));
    case 'bytes':
      return JSON.stringify({ base64: base64(value as Uint8Array) });
    case 'image': {
      const { width, height, channels, data } = value as Image;
      return JSON.stringify({ width, height, channels, base64: base64(data) });
    }
    case 'text':
    case 'record':
    case 'strokes':
    case 'json':
      return jsonText(value);
  }
}

function tensorText(tensor: Tensor, path: string): string {
  return nestedText(tensor, tensor.shape, path);
}

function tensorsText(tensors: NamedTensors): string {
  const parts = Object.entries(tensors).map(([name, tensor]) => {
    return `${JSON.stringify(name)}:${tensorText(tensor, `output.${name}`)}`;
  });
  return `{${parts.join(',')}}`;
}

function scoresText(scores: ArrayLike<number>): string {
  const shape = [scores.length];
  if (scores instanceof Float32Array) return tensorText({ datatype: 'FP32', shape, data: scores }, 'output');
  return tensorText({ datatype: 'FP64', shape, data: Float64Array.from(scores) }, 'output');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * A score that float32 holds by the fewest digits that read back as the same float32, 0.1 instead of
 * 0.10000000149011612; another one as it is. Six digits always tell such decimals apart, nine always such floats.
 */
function shortest(score: number): number {
  if (Math.fround(score) !== score) return score;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(score.toPrecision(digits));
    if (Math.fround(short) === score) return short;
  }
  return Number(score.toPrecision(9));
}

function jsonText(value: unknown): string {
  checkSayable(value, 'output');
  return JSON.stringify(value);
}

/** What JSON.stringify would write as null, leave out or write as something else is found before. */
function checkSayable(value: unknown, path: string, depth = 0): void {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) return;
  if (depth === MAX_NESTING) throw unsayable(path, `more than ${MAX_NESTING} levels`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) checkSayable(value[index], `${path}[${index}]`, depth + 1);
  } else if (isPlainObject(value)) {
    for (const key of Object.keys(value)) checkSayable(value[key], `${path}.${key}`, depth + 1);
  } else {
    throw unsayable(path, typeof value === 'object' || typeof value === 'function' ? classOf(value) : shown(value));
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** `a value of the class Map`. */
function classOf(value: unknown): string {
  return `a value of the class ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`;
}

function unsayable(path: string, got: string): MillraceError {
  return new MillraceError('OUTPUT_NOT_FINITE', 'The output holds a value that JSON cannot say.', {
    path,
    expected: 'text, finite numbers, true, false, null, and arrays and objects of them',
    got,
  });
}
