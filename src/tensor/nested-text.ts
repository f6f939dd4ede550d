import { MillraceError } from '../core/errors.js';
import { floatArraysText } from './float-arrays.js';
import { halfToNumber, halvesToNumbers } from './half-float.js';
import { elementText } from './json-elements.js';
import type { Tensor } from './tensor.js';

/**
 * Writes a tensor's elements as nested JSON arrays.
 *
 * @param path how an error calls the tensor
 * @throws MillraceError OUTPUT_NOT_FINITE that names the first element which JSON cannot say
 */
export function nestedText(tensor: Tensor, shape: readonly number[], path: string): string {
  const { datatype, data } = tensor;
  const floats = floatsOf(tensor);
  const floatText = floats === undefined ? undefined : floatArraysText(floats, shape);
  if (floatText !== undefined) return floatText;
  // What is left are other datatypes, and floats that JSON cannot say: the first of them is found here.
  let at = 0;
  const write = (axis: number): string => {
    if (axis === shape.length) {
      const value = data[at] as number | bigint | string;
      const text = elementText(datatype, value);
      if (text === undefined) throw notFinite(path, at, datatype === 'FP16' ? halfToNumber(Number(value)) : value);
      at += 1;
      return text;
    }
    const size = shape[axis] as number;
    let text = '[';
    for (let index = 0; index < size; index += 1) text += index === 0 ? write(axis + 1) : `,${write(axis + 1)}`;
    return `${text}]`;
  };
  return write(0);
}

function floatsOf({ datatype, data }: Tensor): Float32Array | undefined {
  if (datatype === 'FP32') return data as Float32Array;
  return datatype === 'FP16' ? halvesToNumbers(data as Uint16Array) : undefined;
}

function notFinite(path: string, element: number, value: number | bigint | string): MillraceError {
  return new MillraceError('OUTPUT_NOT_FINITE', 'The output holds a value that JSON cannot say.', {
    path,
    expected: 'finite numbers',
    got: `${String(value)} in element ${element}`,
  });
}
