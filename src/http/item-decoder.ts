import type { InferenceRequest } from '../batching/batch.js';
import { MillraceError } from '../core/errors.js';
import { didYouMean } from '../core/near-names.js';
import { shown } from '../core/zod-issues.js';
import { type BatchAxes, type Dimension, itemShape, type Signature, shapeText } from '../model/signature.js';
import { allocate, type Datatype } from '../tensor/datatype.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';
import { writeElements } from './json-elements.js';

interface ItemInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch axis. */
  readonly shape: readonly Dimension[];
  readonly batchAxis: number | null;
}

/** Reads the native API's items, nested JSON arrays without the batch axis, into the tensors that a model takes. */
export class ItemDecoder {
  readonly #inputs: readonly ItemInput[];

  constructor({ inputs }: Signature, axes: BatchAxes) {
    this.#inputs = inputs.map(({ name, datatype, shape }) => {
      const batchAxis = axes.inputs[name] ?? null;
      return { name, datatype, shape: itemShape(shape, batchAxis), batchAxis };
    });
  }

  /**
   * @param item nested arrays by the name of the input, or the bare array where the model has one input
   * @param path how errors call the item, such as `input` or `inputs[3]`
   * @returns one row
   * @throws MillraceError INVALID_INPUT that names the place, what was expected there and what came
   */
  decode(item: unknown, path: string): InferenceRequest {
    const symbols = new Map<string, { size: number; path: string }>();
    const inputs: Record<string, Tensor> = {};
    const values = this.#byName(item, path);
    for (const [index, input] of this.#inputs.entries()) {
      const at = values.isBare ? path : `${path}.${input.name}`;
      inputs[input.name] = decodeTensor(values.list[index], input, { path: at, symbols });
    }
    return { rows: 1, inputs };
  }

  /** The values of the inputs in the signature's order. */
  #byName(item: unknown, path: string): { list: readonly unknown[]; isBare: boolean } {
    const [only] = this.#inputs;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      if (this.#inputs.length === 1 && only !== undefined) return { list: [item], isBare: true };
      throw invalid('The model has several inputs.', {
        path,
        expected: `an object with ${this.#names()}`,
        got: shown(item),
      });
    }
    for (const name of Object.keys(item)) {
      if (this.#inputs.some((input) => input.name === name)) continue;
      const known = this.#inputs.map((input) => input.name);
      const text = `The model has no such input${didYouMean(name, known)}.`;
      throw invalid(text, { path: `${path}.${name.slice(0, 128)}`, expected: this.#names(), got: 'another name' });
    }
    const missing = this.#inputs.find(({ name }) => !Object.hasOwn(item, name));
    if (missing !== undefined) {
      const expected = `${missing.datatype} of shape ${shapeText(missing.shape)}`;
      throw invalid('An input of the model is missing.', { path: `${path}.${missing.name}`, expected, got: 'nothing' });
    }
    return { list: this.#inputs.map(({ name }) => (item as Record<string, unknown>)[name]), isBare: false };
  }

  #names(): string {
    return this.#inputs.map(({ name }) => name).join(', ') || 'no inputs';
  }
}

interface DecodeContext {
  readonly path: string;
  /** Sizes that free dimensions have taken in this item: one symbol means one size. */
  readonly symbols: Map<string, { size: number; path: string }>;
}

function decodeTensor(value: unknown, input: ItemInput, { path, symbols }: DecodeContext): Tensor {
  const { datatype, shape: declared, batchAxis } = input;
  const shape = shapeOf(value, declared);
  // All lengths are checked before anything is allocated: what is allocated then was really sent.
  checkLengths(value, { shape, input, path });
  for (const [axis, size] of declared.entries()) {
    if (typeof size === 'number' || size.symbol === null) continue;
    const known = symbols.get(size.symbol);
    if (known === undefined) symbols.set(size.symbol, { size: shape[axis] as number, path });
    else if (known.size !== shape[axis]) {
      const text = `Dimension ${size.symbol} must be the same in all inputs.`;
      throw invalid(text, { path, expected: `${known.size}, as in ${known.path}`, got: String(shape[axis]) });
    }
  }
  const data = allocate(datatype, elementCount(shape));
  let at = 0;
  const fill = (part: unknown, axis: number, partPath: () => string) => {
    if (axis < shape.length - 1) {
      for (const [index, child] of (part as unknown[]).entries())
        fill(child, axis + 1, () => `${partPath()}[${index}]`);
      return;
    }
    const isScalar = shape.length === 0;
    const values = isScalar ? [part] : (part as unknown[]);
    writeElements(values, {
      datatype,
      data,
      at,
      pathOf: (index) => (isScalar ? partPath() : `${partPath()}[${index}]`),
    });
    at += values.length;
  };
  fill(value, 0, () => path);
  return { datatype, shape: batchAxis === null ? shape : shape.toSpliced(batchAxis, 0, 1), data };
}

/** The item's shape: fixed sizes as declared, free ones as long as the first array at their depth. */
function shapeOf(value: unknown, declared: readonly Dimension[]): number[] {
  let first = value;
  return declared.map((size) => {
    const length = Array.isArray(first) ? first.length : 0;
    first = Array.isArray(first) ? (first as unknown[])[0] : undefined;
    return typeof size === 'number' ? size : length;
  });
}

function checkLengths(
  value: unknown,
  { shape, input, path }: { shape: readonly number[]; input: ItemInput; path: string },
): void {
  const check = (part: unknown, axis: number, partPath: () => string) => {
    const expected = shape[axis];
    if (expected === undefined) {
      if (Array.isArray(part)) throw wrongShape(input, partPath(), 'a single value', shown(part));
      return;
    }
    if (!Array.isArray(part) || part.length !== expected) {
      throw wrongShape(input, partPath(), `an array of ${expected}`, shown(part));
    }
    // Values of the innermost arrays are looked at when they are read.
    if (axis === shape.length - 1) return;
    for (const [index, child] of part.entries()) check(child, axis + 1, () => `${partPath()}[${index}]`);
  };
  check(value, 0, () => path);
}

function wrongShape({ datatype, shape, name }: ItemInput, path: string, expected: string, got: string): MillraceError {
  const text = `Input ${name} takes ${datatype} of shape ${shapeText(shape)}, one item without the batch axis.`;
  return invalid(text, { path, expected, got });
}

function invalid(message: string, details: { path: string; expected: string; got: string }): MillraceError {
  return new MillraceError('INVALID_INPUT', message, details);
}
