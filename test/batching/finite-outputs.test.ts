import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nonFiniteOutput } from '#src/batching/finite-outputs.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';

const tensor = (datatype: Tensor['datatype'], data: Tensor['data']): Tensor => ({
  datatype,
  shape: [data.length],
  data,
});
const told = (outputs: NamedTensors) => {
  const error = nonFiniteOutput(outputs);
  return error === undefined ? undefined : [error.code, error.details.path, error.details.got];
};

describe('outputs that are not finite', () => {
  it('are found in every datatype of floats', () => {
    const infinite: [Tensor, string][] = [
      [tensor('FP32', Float32Array.of(0, Number.NaN)), 'NaN in element 1'],
      [tensor('FP64', Float64Array.of(Number.NEGATIVE_INFINITY)), '-Infinity in element 0'],
      // Bit patterns: 1, Infinity, NaN.
      [tensor('FP16', Uint16Array.of(0x3c00, 0x7c00, 0x7e00)), 'Infinity in element 1'],
      [tensor('FP16', Uint16Array.of(0xfe01)), 'NaN in element 0'],
    ];
    for (const [y, got] of infinite) assert.deepEqual(told({ y }), ['OUTPUT_NOT_FINITE', 'output.y', got]);
  });

  it('are not found where there are none', () => {
    const finite = {
      single: tensor('FP32', Float32Array.of(3.4e38, -0, 1e-45)),
      double: tensor('FP64', Float64Array.of(Number.MAX_VALUE)),
      half: tensor('FP16', Uint16Array.of(0x7bff, 0xfbff, 0x0001)),
      // The bits of a half float's Infinity, and a text.
      integer: tensor('UINT16', Uint16Array.of(0x7c00)),
      text: tensor('BYTES', ['NaN']),
      none: tensor('FP32', new Float32Array(0)),
    };
    assert.equal(told(finite), undefined);
  });

  it('are named by the first output that holds any', () => {
    const good = tensor('FP32', Float32Array.of(1));
    const bad = tensor('FP32', Float32Array.of(Number.NaN));
    assert.deepEqual(told({ a: good, b: bad, c: bad })?.[1], 'output.b');
  });
});
