import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ItemDecoder } from '#src/http/item-decoder.js';
import { encodeItem } from '#src/http/item-encoder.js';
import type { BatchAxes, Dimension } from '#src/model/signature.js';
import type { Datatype } from '#src/tensor/datatype.js';
import { numberToHalf } from '#src/tensor/half-float.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { propertyRuns } from '../support/property-runs.js';

const axesFor = (outputs: BatchAxes['outputs']): BatchAxes => ({ inputs: {}, outputs });

const floats = (shape: number[], ...values: number[]): Tensor => {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
};

describe('encodeItem', () => {
  it('nests arrays by shape and leaves the batch axis out, wherever it is', () => {
    const six = [1, 2, 3, 4, 5, 6];
    const outputs = { front: floats([1, 2, 3], ...six), middle: floats([3, 1, 2], ...six), none: floats([6], ...six) };
    const text = encodeItem(outputs, axesFor({ front: 0, middle: 1, none: null }));
    assert.equal(text, '{"front":[[1,2,3],[4,5,6]],"middle":[[1,2],[3,4],[5,6]],"none":[1,2,3,4,5,6]}');
  });

  it('gives a scalar as a plain value, and sizes of zero as empty arrays', () => {
    const outputs = { one: floats([1], 7), scalar: floats([], 8), empty: floats([1, 2, 0]) };
    assert.equal(encodeItem(outputs, axesFor({ one: 0, empty: 0 })), '{"one":7,"scalar":8,"empty":[[],[]]}');
  });

  it('gives a tensor whole when it does not hold one row', () => {
    assert.equal(encodeItem({ y: floats([2, 1], 1, 2) }, axesFor({ y: 0 })), '{"y":[[1],[2]]}');
  });

  it('names outputs as JSON does', () => {
    assert.equal(encodeItem({ 'a"b:0': floats([], 1) }, axesFor({})), '{"a\\"b:0":1}');
  });

  it('gives each datatype its JSON', () => {
    const outputs: Record<string, Tensor> = {
      bool: { datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
      int64: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
      half: { datatype: 'FP16', shape: [1], data: Uint16Array.of(0x3800) },
      bytes: { datatype: 'BYTES', shape: [1], data: ['"'] },
    };
    const text = encodeItem(outputs, axesFor({}));
    assert.equal(text, '{"bool":[true,false],"int64":[9223372036854775807],"half":[0.5],"bytes":["\\""]}');
  });

  it('writes floats of 32 and 16 bits by the digits that tell them from all others', () => {
    const outputs: Record<string, Tensor> = {
      single: floats([1, 2, 2], 0.1, -0, 1e-7, 0.9982637763023376),
      half: { datatype: 'FP16', shape: [2, 1], data: Uint16Array.of(0x2e66, 0x8000) },
      double: { datatype: 'FP64', shape: [1], data: Float64Array.of(Math.fround(0.1)) },
    };
    const text = encodeItem(outputs, axesFor({ single: 0 }));
    assert.equal(
      text,
      '{"single":[[0.1,-0.0],[1e-7,0.9982638]],"half":[[0.099975586],[-0.0]],"double":[0.10000000149011612]}',
    );
  });

  it('gives every float back with the same bits', () => {
    const property = fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (data) => {
      const text = encodeItem({ y: { datatype: 'FP32', shape: [data.length], data } }, axesFor({}));
      assert.deepStrictEqual(Float32Array.from((JSON.parse(text) as { y: number[] }).y), data);
    });
    fc.assert(property, propertyRuns(1_000));
    const all = Uint16Array.from({ length: 0x1_0000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    const text = encodeItem({ y: { datatype: 'FP16', shape: [all.length], data: all } }, axesFor({}));
    assert.deepStrictEqual(Uint16Array.from((JSON.parse(text) as { y: number[] }).y, numberToHalf), all);
  });

  const unsayable: [string, Tensor][] = [
    ['NaN', floats([1, 2, 2], 1, 2, Number.NaN, 4)],
    ['Infinity', { datatype: 'FP64', shape: [1, 3], data: Float64Array.of(1, 2, Number.POSITIVE_INFINITY) }],
    ['-Infinity', floats([1, 3], 1, 2, Number.NEGATIVE_INFINITY)],
    ['NaN', { datatype: 'FP16', shape: [3], data: Uint16Array.of(0, 0, 0x7e00) }],
  ];
  for (const [what, y] of unsayable) {
    it(`refuses ${what} in ${y.datatype} and says where it is`, () => {
      assert.throws(() => encodeItem({ fine: floats([], 1), y }, axesFor({ y: 0 })), {
        code: 'OUTPUT_NOT_FINITE',
        details: { path: 'output.y', expected: 'finite numbers', got: `${what} in element 2` },
      });
    });
  }
});

describe('decoding and encoding', () => {
  const values: Partial<Record<Datatype, fc.Arbitrary<unknown>>> = {
    FP64: fc.double({ noNaN: true, noDefaultInfinity: true }),
    INT32: fc.integer(),
    INT64: fc.maxSafeInteger(),
    BOOL: fc.boolean(),
    BYTES: fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
  };
  const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 4 });

  for (const [datatype, value] of Object.entries(values) as [Datatype, fc.Arbitrary<unknown>][]) {
    it(`gives ${datatype} of any shape back as it came, in the right shape`, () => {
      const cases = shapes.chain((shape) => {
        const nested = shape.reduceRight<fc.Arbitrary<unknown>>(
          (inner, size) => fc.array(inner, { minLength: size, maxLength: size }),
          value,
        );
        return fc.record({ shape: fc.constant(shape), item: nested, axis: fc.nat({ max: shape.length }) });
      });
      fc.assert(
        fc.property(cases, ({ shape, item, axis }) => {
          const declared = shape.map((size, index): Dimension => (index % 2 === 0 ? size : { symbol: null }));
          const spec = { name: 'x', datatype, shape: declared.toSpliced(axis, 0, { symbol: 'N' }) };
          const decoder = new ItemDecoder({ inputs: [spec], outputs: [] }, { inputs: { x: axis }, outputs: {} });
          const { inputs } = decoder.decode(item, 'input');
          // Behind a size of zero nothing says how long a free dimension is.
          const known = shape.includes(0) ? inputs['x']?.shape.toSpliced(axis, 1) : shape;
          assert.deepEqual(inputs['x']?.shape, (known as number[]).toSpliced(axis, 0, 1));
          assert.deepEqual(JSON.parse(encodeItem(inputs, axesFor({ x: axis }))), { x: item });
        }),
        { numRuns: 200 },
      );
    });
  }
});
