import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wholeBuffers, withOwnMemory } from '#src/pipelines/value-memory.js';
import { fp32 } from '../support/tensors.js';

/** The buffers of what is handed on. */
const bufferOf = (value: unknown) => (value as { data: Float32Array }).data.buffer;

describe('withOwnMemory', () => {
  it('leaves alone what has its memory to itself', () => {
    const tensor = fp32([2], 1, 2);
    const [bytes, text] = [new Uint8Array(4), 'text'];
    assert.deepEqual(withOwnMemory([bytes, text]), [bytes, text]);
    assert.equal(bufferOf(withOwnMemory([tensor])[0]), tensor.data instanceof Float32Array && tensor.data.buffer);
  });

  it('copies a window, so that nothing beside it travels', () => {
    const slab = new Uint8Array(8192).fill(7);
    const small = Buffer.from(slab.buffer, 100, 3);
    const [copy] = withOwnMemory([small]) as [Uint8Array];
    assert.deepEqual([copy.buffer.byteLength, copy.byteOffset, ...copy], [3, 0, 7, 7, 7]);
    const batch = new Float32Array(1000).map((_, index) => index);
    const row = { datatype: 'FP32', shape: [2], data: batch.subarray(10, 12) } as const;
    const [own] = withOwnMemory([row]) as [typeof row];
    assert.deepEqual([own.data.buffer.byteLength, ...own.data], [8, 10, 11]);
    assert.deepEqual([own.datatype, own.shape], ['FP32', [2]]);
  });

  it('copies what two values share, alone or by name', () => {
    const shared = fp32([2], 1, 2);
    const [first, second] = withOwnMemory([{ y: shared }, { y: shared }]) as [{ y: object }, { y: object }];
    assert.notEqual(bufferOf(first.y), bufferOf(second.y));
    assert.deepEqual(second.y, shared);
  });
});

describe('wholeBuffers', () => {
  it('names each buffer once, and none of which a value has only a part', () => {
    const [bytes, tensor] = [new Uint8Array(4), fp32([2], 1, 2)];
    const data = tensor.data as Float32Array;
    const found = wholeBuffers([bytes, tensor, { y: tensor }, new Uint8Array(8).subarray(1), 'text', null, [1]]);
    assert.deepEqual(found, [bytes.buffer, data.buffer]);
  });
});
