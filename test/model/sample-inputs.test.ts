import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleItem } from '#src/model/sample-inputs.js';
import { type Datatype, datatypes } from '#src/tensor/datatype.js';
import { halfToNumber } from '#src/tensor/half-float.js';
import type { NamedTensors, Tensor } from '#src/tensor/tensor.js';
import { signature, sileroVad } from '../support/signatures.js';

const sileroAxes = { inputs: { input: 0, state: 1, sr: null }, outputs: { output: 0, stateN: 1 } };
const silero = (row: number, freeSize = 8): NamedTensors => sampleItem(sileroVad, sileroAxes, { row, freeSize });

/** 400 generated elements of a datatype. */
function sampleOf(datatype: Datatype): Tensor {
  const axes = { inputs: { x: 0 }, outputs: {} };
  const tensors = sampleItem(signature({ x: [datatype, ['N', 400]] }), axes, { row: 0, freeSize: 8 });
  return tensors['x'] as Tensor;
}

describe('sampleItem', () => {
  it('gives one row, the free size for other free dimensions, and fixed sizes as they are', () => {
    const shapes = (tensors: NamedTensors) => Object.values(tensors).map(({ shape }) => shape);
    assert.deepEqual(shapes(silero(0)), [[1, 8], [2, 1, 128], []]);
    assert.deepEqual(shapes(silero(0, 16)), [[1, 16], [2, 1, 128], []]);
  });

  it('gives the same values for the same choice', () => {
    assert.deepEqual(silero(3), silero(3));
  });

  it('gives other values in another row, but not where the whole batch shares an input', () => {
    const [first, second] = [silero(0), silero(1)];
    assert.notDeepEqual(first['input'], second['input']);
    assert.notDeepEqual(first['state'], second['state']);
    assert.deepEqual(first['sr'], second['sr']);
  });

  it('gives two inputs of one shape values of their own', () => {
    const twins = signature({ a: ['N', 16], b: ['N', 16] });
    const axes = { inputs: { a: 0, b: 0 }, outputs: {} };
    const { a, b } = sampleItem(twins, axes, { row: 0, freeSize: 8 }) as { a: Tensor; b: Tensor };
    assert.notDeepEqual(a.data, b.data);
  });

  it('takes an input that the axes do not name for a shared one', () => {
    const of = signature({ x: ['N', 4] });
    const item = (row: number) => sampleItem(of, { inputs: {}, outputs: {} }, { row, freeSize: 8 });
    assert.deepEqual(item(0)['x']?.shape, [8, 4]);
    assert.deepEqual(item(0), item(1));
  });

  for (const datatype of ['FP32', 'FP64'] as const) {
    it(`gives ${datatype} in [0, 1), spread out`, () => {
      const values = [...(sampleOf(datatype).data as Float64Array)];
      assert.ok(values.every((value) => value >= 0 && value < 1));
      assert.ok(Math.min(...values) < 0.1 && Math.max(...values) > 0.9);
    });
  }

  it('gives half floats in [0, 1), spread out', () => {
    const values = [...(sampleOf('FP16').data as Uint16Array)].map(halfToNumber);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    assert.ok(new Set(values).size > 100);
  });

  const whole = (Object.keys(datatypes) as Datatype[]).filter((name) => !/^FP|BYTES/.test(name));
  for (const datatype of whole) {
    it(`gives ${datatype} of 0 and 1: safe as an index, a mask and a flag`, () => {
      const values = [...(sampleOf(datatype).data as Int32Array)].map(Number);
      assert.deepEqual(new Set(values), new Set([0, 1]));
    });
  }

  it('gives short words for strings', () => {
    const words = new Set(sampleOf('BYTES').data as string[]);
    assert.equal(words.size, 2);
    for (const word of words) assert.match(word, /^[a-z]{1,8}$/);
  });

  it('gives tensors of every datatype and of no elements their name and datatype', () => {
    for (const datatype of Object.keys(datatypes) as Datatype[]) {
      const axes = { inputs: { x: 0 }, outputs: {} };
      const { x } = sampleItem(signature({ x: [datatype, ['N', 0]] }), axes, { row: 0, freeSize: 8 }) as { x: Tensor };
      assert.deepEqual([x.datatype, x.shape, x.data.length], [datatype, [1, 0], 0]);
    }
  });
});
