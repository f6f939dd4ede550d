import { allocate, type TensorData } from '../tensor/datatype.js';
import { writeNumber } from '../tensor/number-element.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import type { BatchAxes, Signature, TensorSpec } from './signature.js';

/**
 * Reads one recorded item for a model, as a native request has it: nested arrays by the name of the input, without the
 * batch axis.
 *
 * @returns its tensors with a batch axis of 1
 * @throws Error that names the input and what does not fit
 */
export function recordedItem(item: unknown, { inputs }: Signature, axes: BatchAxes): NamedTensors {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new Error(`expected an object with ${inputs.map(({ name }) => name).join(', ')}`);
  }
  const tensors: Record<string, Tensor> = {};
  for (const spec of inputs) {
    const axis = axes.inputs[spec.name] ?? null;
    tensors[spec.name] = recordedTensor((item as Record<string, unknown>)[spec.name], spec, axis);
  }
  return tensors;
}

function recordedTensor(value: unknown, { name, datatype, shape: declared }: TensorSpec, axis: number | null): Tensor {
  const sizes: number[] = [];
  for (let at = value; Array.isArray(at); at = at[0]) sizes.push(at.length);
  const shape = axis === null ? sizes : sizes.toSpliced(axis, 0, 1);
  const fits =
    shape.length === declared.length && declared.every((size, at) => typeof size === 'object' || size === shape[at]);
  if (!fits) throw new Error(`${name}: the shape [${sizes.join(', ')}] does not fit`);
  const elements = [value].flat(sizes.length + 1);
  const data = allocate(datatype, elementCount(shape));
  if (elements.length !== data.length) throw new Error(`${name}: its rows have different lengths`);
  for (const [at, element] of elements.entries()) {
    if (!writeElement({ datatype, data }, at, element))
      throw new Error(`${name}: ${datatype} does not hold ${JSON.stringify(element)}`);
  }
  return { datatype, shape, data };
}

function writeElement(
  tensor: { datatype: Tensor['datatype']; data: TensorData },
  at: number,
  element: unknown,
): boolean {
  if (Array.isArray(tensor.data)) {
    tensor.data[at] = String(element);
    return typeof element === 'string';
  }
  if (typeof element === 'boolean') return tensor.datatype === 'BOOL' && writeNumber(tensor, at, Number(element));
  return typeof element === 'number' && writeNumber(tensor, at, element);
}
