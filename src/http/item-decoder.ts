import type { InferenceRequest } from '../batching/batch.js';
import { MillraceError } from '../core/errors.js';
import { didYouMean } from '../core/near-names.js';
import { shown } from '../core/zod-issues.js';
import { type BatchAxes, type Dimension, itemShape, type Signature, shapeText } from '../model/signature.js';
import { allocate, type Datatype, type TensorData } from '../tensor/datatype.js';
import { writeElements } from '../tensor/json-elements.js';
import { JsonNumbers } from '../tensor/json-numbers.js';
import { elementsOf } from '../tensor/number-elements.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';

interface ItemInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch axis. */
  readonly shape: readonly Dimension[];
  readonly batchAxis: number | null;
}

/**
 * Reads the native API's items, nested JSON arrays without the batch axis or JsonNumbers for them, into the tensors that
 * a model takes.
 */
export class ItemDecoder {
  readonly #inputs: readonly ItemInput[];
  /** Whether there are free dimensions that must agree. */
  readonly #sharesSymbols: boolean;

  constructor({ inputs }: Signature, axes: BatchAxes) {
    this.#inputs = inputs.map(({ name, datatype, shape }) => {
      const batchAxis = axes.inputs[name] ?? null;
      return { name, datatype, shape: itemShape(shape, batchAxis), batchAxis };
    });
    this.#sharesSymbols = this.#inputs.some(({ shape }) => shape.some((size) => typeof size === 'object'));
  }

  /**
   * @param item nested arrays by the name of the input, or the bare array where the model has one input
   * @param path how errors call the item, such as `input` or `inputs[3]`
   * @returns one row
   * @throws MillraceError INVALID_INPUT that names the place, what was expected there and what came
   */
  decode(item: unknown, path: string): InferenceRequest {
    const inputs: Record<string, Tensor> = {};
    const values = this.#byName(item, path);
    const sizes: SymbolSizes | undefined = this.#sharesSymbols ? new Map() : undefined;
    for (let index = 0; index < this.#inputs.length; index += 1) {
      const input = this.#inputs[index] as ItemInput;
      const at = values.isBare ? path : `${path}.${input.name}`;
      const tensor = decodeTensor(values.list[index], input, at);
      if (sizes !== undefined) checkSymbols(input.shape, itemSizes(tensor, input), { path: at, sizes });
      inputs[input.name] = tensor;
    }
    return { rows: 1, inputs };
  }

  /** The values of the inputs in the signature's order. */
  #byName(item: unknown, path: string): { list: readonly unknown[]; isBare: boolean } {
    const [only] = this.#inputs;
    if (typeof item !== 'object' || item === null || Array.isArray(item) || item instanceof JsonNumbers) {
      if (this.#inputs.length === 1 && only !== undefined) return { list: [item], isBare: true };
      throw invalid(this.#inputs.length === 0 ? 'The model has no inputs.' : 'The model has several inputs.', {
        path,
        expected: `an object with ${this.#names()}`,
        got: shown(item instanceof JsonNumbers ? item.toArrays() : item),
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

/** Sizes that free dimensions have taken in one item: one symbol means one size. */
type SymbolSizes = Map<string, { size: number; path: string }>;

function decodeTensor(value: unknown, input: ItemInput, path: string): Tensor {
  if (value instanceof JsonNumbers) {
    // What does not fit is told by the code for arrays, so that it is told the same way.
    return tensorOf(value, input) ?? decodeTensor(value.toArrays(), input, path);
  }
  const { datatype, shape: declared, batchAxis } = input;
  const shape = shapeOf(value, declared);
  // All lengths are checked before anything is allocated: what is allocated then was really sent.
  checkLengths(value, 0, { shape, input, path: () => path });
  const data = allocate(datatype, elementCount(shape));
  fillElements(value, { datatype, data, at: 0, depth: shape.length, path: () => path });
  return { datatype, shape: batchedShape(shape, batchAxis), data };
}

/** The tensor of numbers that fit the input; undefined of others. */
function tensorOf(
  { shape, values }: JsonNumbers,
  { datatype, shape: declared, batchAxis }: ItemInput,
): Tensor | undefined {
  if (shape.length !== declared.length) return undefined;
  if (declared.some((size, axis) => typeof size === 'number' && size !== shape[axis])) return undefined;
  const data = elementsOf(datatype, values);
  return data === undefined ? undefined : { datatype, shape: batchedShape(shape, batchAxis), data };
}

/** An item's shape with the batch axis, of one row, where it has one. */
function batchedShape(shape: readonly number[], batchAxis: number | null): readonly number[] {
  return batchAxis === null ? shape : shape.toSpliced(batchAxis, 0, 1);
}

/** Writes nested arrays of `depth` levels from element `at` on; gives the element after the last. */
function fillElements(
  value: unknown,
  target: { datatype: Datatype; data: TensorData; at: number; depth: number; path: () => string },
): number {
  const { datatype, data, at, depth, path } = target;
  if (depth <= 1) {
    const values = depth === 0 ? [value] : (value as unknown[]);
    writeElements(values, { datatype, data, at, pathOf: (index) => (depth === 0 ? path() : `${path()}[${index}]`) });
    return at + values.length;
  }
  let next = at;
  for (const [index, child] of (value as unknown[]).entries()) {
    next = fillElements(child, { datatype, data, at: next, depth: depth - 1, path: () => `${path()}[${index}]` });
  }
  return next;
}

function checkSymbols(
  declared: readonly Dimension[],
  shape: readonly number[],
  { path, sizes }: { path: string; sizes: SymbolSizes },
): void {
  for (const [axis, dimension] of declared.entries()) {
    if (typeof dimension === 'number' || dimension.symbol === null) continue;
    const size = shape[axis] as number;
    const known = sizes.get(dimension.symbol);
    if (known === undefined) sizes.set(dimension.symbol, { size, path });
    else if (known.size !== size) {
      const text = `Dimension ${dimension.symbol} must be the same in all inputs.`;
      throw invalid(text, { path, expected: `${known.size}, as in ${known.path}`, got: String(size) });
    }
  }
}

/** A decoded tensor's shape without the batch axis. */
function itemSizes({ shape }: Tensor, { batchAxis }: ItemInput): readonly number[] {
  return batchAxis === null ? shape : shape.toSpliced(batchAxis, 1);
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
  axis: number,
  context: { shape: readonly number[]; input: ItemInput; path: () => string },
): void {
  const { shape, input, path } = context;
  const expected = shape[axis];
  if (expected === undefined) {
    if (Array.isArray(value)) throw wrongShape(input, path(), 'a single value', shown(value));
    return;
  }
  if (!Array.isArray(value) || value.length !== expected)
    throw wrongShape(input, path(), `an array of ${expected}`, shown(value));
  // Values of the innermost arrays are looked at when they are read.
  if (axis === shape.length - 1) return;
  for (const [index, child] of value.entries()) {
    checkLengths(child, axis + 1, { shape, input, path: () => `${path()}[${index}]` });
  }
}

function wrongShape({ datatype, shape, name }: ItemInput, path: string, expected: string, got: string): MillraceError {
  const text = `Input ${name} takes ${datatype} of shape ${shapeText(shape)}, one item without the batch axis.`;
  return invalid(text, { path, expected, got });
}

function invalid(message: string, details: { path: string; expected: string; got: string }): MillraceError {
  return new MillraceError('INVALID_INPUT', message, details);
}
