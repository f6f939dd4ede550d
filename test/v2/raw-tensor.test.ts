import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Datatype } from '#src/tensor/datatype.js';
import { readRaw, writeRaw } from '#src/v2/raw-tensor.js';

function read(datatype: Datatype, shape: readonly number[], bytes: Uint8Array) {
  return readRaw({ name: 'x', datatype, shape, bytes, model: 'm' });
}

/** Bytes at an odd place of their memory. */
function misaligned(bytes: readonly number[]): Uint8Array {
  const memory = new Uint8Array(bytes.length + 1);
  memory.set(bytes, 1);
  return memory.subarray(1);
}

describe('readRaw', () => {
  it('reads numbers little-endian', () => {
    assert.deepEqual(read('UINT16', [2], Uint8Array.of(1, 0, 0, 2)), Uint16Array.of(1, 512));
    assert.deepEqual(read('INT64', [], Uint8Array.of(254, 255, 255, 255, 255, 255, 255, 255)), BigInt64Array.of(-2n));
    assert.deepEqual(read('FP32', [1], Uint8Array.of(0, 0, 128, 63)), Float32Array.of(1));
  });

  it('views bytes that lie right, and copies others', () => {
    const aligned = Uint8Array.of(1, 0, 2, 0);
    assert.equal((read('UINT16', [2], aligned) as Uint16Array).buffer, aligned.buffer);
    const odd = misaligned([1, 0, 2, 0]);
    const copy = read('UINT16', [2], odd) as Uint16Array;
    assert.deepEqual(copy, Uint16Array.of(1, 2));
    assert.notEqual(copy.buffer, odd.buffer);
  });

  it('reads elements of BYTES by their lengths', () => {
    const bytes = misaligned([0, 0, 0, 0, 2, 0, 0, 0, 97, 255]);
    assert.deepEqual(read('BYTES', [2, 1], bytes), [new Uint8Array(), Uint8Array.of(97, 255)]);
    assert.deepEqual(read('BYTES', [0], new Uint8Array()), []);
  });

  const bad: [what: string, datatype: Datatype, shape: number[], bytes: number[], message: RegExp][] = [
    ['too few bytes', 'FP32', [2], [0, 0, 0, 0], /unexpected size for input 'x', expecting 8 bytes but got 4 bytes/],
    ['too many bytes', 'UINT8', [1], [0, 0], /expecting 1 bytes but got 2 bytes for model 'm'/],
    ['bytes for nothing', 'FP32', [0], [0], /expecting 0 bytes but got 1 bytes/],
    ['a length cut off', 'BYTES', [1], [0, 0, 0], /incomplete string length indicator for inference input 'x'/],
    ['an element cut off', 'BYTES', [1], [2, 0, 0, 0, 97], /expecting string of length 2 but only 1 bytes available/],
    ['a length beyond all', 'BYTES', [1], [255, 255, 255, 255], /expecting string of length 4294967295/],
    ['too few elements', 'BYTES', [2], [0, 0, 0, 0], /unexpected number of string elements 1 .* expecting 2/],
    ['too many elements', 'BYTES', [1], [0, 0, 0, 0, 0, 0, 0, 0], /unexpected number of string elements more/],
    ['an impossible shape', 'FP32', [2 ** 40, 2 ** 40], [], /not possible/],
  ];
  for (const [what, datatype, shape, bytes, message] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(datatype, shape, Uint8Array.from(bytes)), { code: 'INVALID_INPUT', message });
    });
  }
});

describe('writeRaw', () => {
  it('views the bytes of numbers', () => {
    const data = Float32Array.of(1, 2, 3).subarray(1);
    const raw = writeRaw({ data });
    assert.equal(raw.buffer, data.buffer);
    assert.deepEqual([...raw], [0, 0, 0, 64, 0, 0, 64, 64]);
  });

  it('writes the length of each element of BYTES before it, in bytes and not in characters', () => {
    assert.deepEqual(
      [...writeRaw({ data: ['ü', Uint8Array.of(0), ''] })],
      [2, 0, 0, 0, 0xc3, 0xbc, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    );
  });
});
