import { createHash } from 'node:crypto';
import type { Tensor } from '../tensor/tensor.js';
import type { InferenceRequest } from './batch.js';

/**
 * What tells two inputs apart and equal ones not: SHA-256 over names, datatypes, shapes and elements of all tensors.
 * To be asked for before the request runs: running may take its memory. On the calling thread, at 1 to 2 GB/s.
 */
export function digestOf({ inputs }: InferenceRequest): string {
  const hash = createHash('sha256');
  for (const name in inputs) {
    const { datatype, shape, data } = inputs[name] as Tensor;
    // With these the bytes that follow have one reading.
    hash.update(`${JSON.stringify(name)}${datatype}[${shape.join()}]`);
    hash.update(Array.isArray(data) ? JSON.stringify(data) : data);
  }
  return hash.digest('base64url');
}
