import type { BatchAxes } from '../model/signature.js';
import { nestedText } from '../tensor/nested-text.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';

/**
 * Writes the outputs of one item as JSON: nested arrays without the batch axis, by name.
 *
 * @param outputs tensors that hold one row, as the model gave them
 * @throws MillraceError OUTPUT_NOT_FINITE that names the first element which JSON cannot say
 */
export function encodeItem(outputs: NamedTensors, axes: BatchAxes): string {
  const parts: string[] = [];
  for (const name in outputs) {
    const tensor = outputs[name] as Tensor;
    const axis = axes.outputs[name] ?? null;
    // A model whose rows could not be told apart gives its tensor whole.
    const shape = axis !== null && tensor.shape[axis] === 1 ? tensor.shape.toSpliced(axis, 1) : tensor.shape;
    parts.push(`${JSON.stringify(name)}:${nestedText(tensor, shape, `output.${name}`)}`);
  }
  return `{${parts.join(',')}}`;
}
