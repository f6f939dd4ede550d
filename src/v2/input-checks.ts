import type { TensorSpec } from '../model/signature.js';
import { wireShape } from '../model/signature.js';
import { elementCount } from '../tensor/tensor.js';
import type { InferInput, RequestedOutput } from './infer-request.js';
import { requestError } from './request-error.js';

/*
 * What must hold of the inputs of a request, each with the text that Triton has for it where it has one.
 */

/**
 * Puts the inputs into the signature's order.
 *
 * @throws MillraceError INVALID_INPUT if there is one too many, one too few, or one twice
 */
export function inOrder(inputs: readonly InferInput[], specs: readonly TensorSpec[], model: string): InferInput[] {
  const byName = new Map<string, InferInput>();
  for (const input of inputs) {
    const name = input.name.slice(0, 128);
    if (!specs.some((spec) => spec.name === input.name)) {
      throw requestError(`unexpected inference input '${name}' for model '${model}'`);
    }
    if (byName.has(input.name)) throw requestError(`input '${name}' already exists in request`);
    byName.set(input.name, input);
  }
  const missing = specs.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    const counts = `expected number of inputs between ${specs.length} and ${specs.length} but got ${byName.size} inputs`;
    const names = `Got input(s) [${quoted(byName.keys())}], but missing required input(s) [${quoted(missing)}]`;
    throw requestError(`${counts} for model '${model}'. ${names}. Please provide all required input(s).`);
  }
  return specs.map(({ name }) => byName.get(name) as InferInput);
}

/** @throws MillraceError INVALID_INPUT */
export function checkDatatype({ name, datatype }: InferInput, expected: string, model: string): void {
  if (datatype === expected) return;
  throw requestError(
    `inference input '${name}' data-type is '${datatype}', but model '${model}' expects '${expected}'`,
  );
}

/** Sizes that free dimensions have taken in one request: one symbol means one size. */
export type SymbolSizes = Map<string, number>;

/**
 * @param batchAxis any size is right there
 * @throws MillraceError INVALID_INPUT
 */
export function checkShape(
  { name, shape }: InferInput,
  { spec, batchAxis, sizes, model }: { spec: TensorSpec; batchAxis: number | null; sizes: SymbolSizes; model: string },
): void {
  const expected = wireShape(spec.shape);
  for (const [axis, dimension] of spec.shape.entries()) {
    if (axis === batchAxis) expected[axis] = -1;
    else if (typeof dimension === 'object' && dimension.symbol !== null) {
      const known = sizes.get(dimension.symbol);
      if (known !== undefined) expected[axis] = known;
      else if (shape[axis] !== undefined) sizes.set(dimension.symbol, shape[axis]);
    }
  }
  const fits = shape.length === expected.length && expected.every((size, axis) => size === -1 || size === shape[axis]);
  if (fits) return;
  const shapes = `Expected ${shapeList(expected)}, got ${shapeList(shape)}`;
  throw requestError(`unexpected shape for input '${name}' for model '${model}'. ${shapes}.`);
}

/** @throws MillraceError INVALID_INPUT */
export function checkElementCount({ name, shape, data }: InferInput, model: string): void {
  const expected = elementCount(shape);
  if (data.length === expected) return;
  const counts = `expecting ${expected} elements but got ${data.length}`;
  throw requestError(`unexpected number of elements for input '${name}', ${counts} for model '${model}'`);
}

/**
 * Each output once: asked for again and again, it would be written again and again.
 *
 * @throws MillraceError INVALID_INPUT if an output is asked for that there is none of, or twice
 */
export function checkOutputs(wanted: readonly RequestedOutput[], specs: readonly TensorSpec[], model: string): void {
  const known = new Set(specs.map(({ name }) => name));
  const asked = new Set<string>();
  for (const { name } of wanted) {
    if (!known.has(name))
      throw requestError(`unexpected inference output '${name.slice(0, 128)}' for model '${model}'`);
    if (asked.has(name)) throw requestError(`output '${name}' already exists in request`);
    asked.add(name);
  }
}

/** `[-1,4]`, as Triton writes shapes. */
function shapeList(shape: readonly number[]): string {
  const shown = shape.slice(0, 32).join(',');
  return shape.length > 32 ? `[${shown},…]` : `[${shown}]`;
}

function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `'${name.slice(0, 128)}'`).join(',');
}
