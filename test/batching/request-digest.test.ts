import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InferenceRequest } from '#src/batching/batch.js';
import { digestOf } from '#src/batching/request-digest.js';
import type { NamedTensors } from '#src/tensor/tensor.js';

const request = (inputs: NamedTensors): InferenceRequest => ({ rows: 1, inputs });
const bytes = Uint8Array.of(1, 2, 3, 4);

describe('the digest of a request', () => {
  it('tells apart names, datatypes, shapes and elements', () => {
    const requests = [
      request({ x: { datatype: 'UINT8', shape: [1, 4], data: bytes } }),
      request({ y: { datatype: 'UINT8', shape: [1, 4], data: bytes } }),
      request({ x: { datatype: 'INT8', shape: [1, 4], data: Int8Array.from(bytes) } }),
      request({ x: { datatype: 'UINT8', shape: [1, 2, 2], data: bytes } }),
      request({ x: { datatype: 'UINT8', shape: [1, 4], data: Uint8Array.of(1, 2, 3, 5) } }),
      request({ x: { datatype: 'BYTES', shape: [1, 2], data: ['a', 'bc'] } }),
      request({ x: { datatype: 'BYTES', shape: [1, 2], data: ['ab', 'c'] } }),
      request({ x: { datatype: 'FP32', shape: [1], data: Float32Array.of(0) } }),
      request({ x: { datatype: 'FP32', shape: [1], data: Float32Array.of(-0) } }),
    ];
    assert.equal(new Set(requests.map(digestOf)).size, requests.length);
  });

  it('is the same for the same input, wherever its memory lies', () => {
    const own = request({ x: { datatype: 'UINT8', shape: [1, 4], data: bytes } });
    const window = Uint8Array.of(9, 1, 2, 3, 4, 9).subarray(1, 5);
    assert.equal(digestOf(request({ x: { datatype: 'UINT8', shape: [1, 4], data: window } })), digestOf(own));
    assert.equal(
      digestOf(request({ x: { datatype: 'UINT8', shape: [1, 4], data: Buffer.from(bytes) } })),
      digestOf(own),
    );
  });
});
