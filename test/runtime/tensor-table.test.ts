import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packTensors, unpackTensors } from '#src/runtime/tensor-table.js';
import type { WireTensor } from '#src/runtime/worker-protocol.js';
import { propertyRuns } from '../support/property-runs.js';

const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

/** A tensor of any shape, some with elements of one byte, so that the next one needs a gap. */
const tensor: fc.Arbitrary<WireTensor> = shape.chain((sizes) => {
  const length = { minLength: count(sizes), maxLength: count(sizes) };
  const name = fc.string({ unit: 'grapheme', maxLength: 20 });
  const made = (datatype: WireTensor['datatype'], data: fc.Arbitrary<WireTensor['data']>) =>
    fc.record({ name, datatype: fc.constant(datatype), shape: fc.constant(sizes), data });
  return fc.oneof(
    made('UINT8', fc.uint8Array(length)),
    made('FP32', fc.float32Array(length)),
    made('FP64', fc.float64Array(length)),
    made('INT64', fc.bigInt64Array(length)),
    made('BYTES', fc.array(fc.string({ unit: 'grapheme' }), length)),
  );
});

const plain = ({ data, ...rest }: WireTensor) => ({ ...rest, type: data.constructor.name, data: [...data] });

function bodyOf({ body, bodyBytes }: { body: readonly Uint8Array[]; bodyBytes: number }): Buffer {
  const bytes = Buffer.from(new ArrayBuffer(bodyBytes));
  Buffer.concat(body).copy(bytes);
  return bytes;
}

describe('a tensor table', () => {
  it('gives back the tensors that it was made of', () => {
    const property = fc.property(fc.array(tensor, { maxLength: 4 }), (tensors) => {
      const packed = packTensors(tensors);
      assert.equal(Buffer.concat(packed.body).length, packed.bodyBytes);
      assert.deepEqual(unpackTensors(packed.table, bodyOf(packed)).map(plain), tensors.map(plain));
    });
    fc.assert(property, propertyRuns(300));
  });

  it('reads a window into a larger array, and copies nothing on the way out', () => {
    const larger = Float32Array.of(1, 2, 3, 4);
    const packed = packTensors([{ name: 'x', datatype: 'FP32', shape: [2], data: larger.subarray(1, 3) }]);
    assert.equal(packed.body[0]?.buffer, larger.buffer);
    assert.deepEqual([...(unpackTensors(packed.table, bodyOf(packed))[0]?.data ?? [])], [2, 3]);
  });

  it('throws at bytes that are none, or do not fit, and never reads beyond them', () => {
    const packed = packTensors([
      { name: 'x', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'labels', datatype: 'BYTES', shape: [1], data: ['a text'] },
    ]);
    const property = fc.property(
      fc.nat(packed.table.length - 1),
      fc.nat(255),
      fc.nat(bodyOf(packed).length),
      (at, byte, end) => {
        const table = Buffer.from(packed.table);
        table[at] = byte;
        let tensors: WireTensor[] = [];
        try {
          tensors = unpackTensors(table, bodyOf(packed).subarray(0, end));
        } catch (error) {
          assert.ok(error instanceof Error);
        }
        for (const { shape: sizes, data } of tensors) assert.equal(count(sizes), data.length);
      },
    );
    fc.assert(property, propertyRuns(500));
  });
});
