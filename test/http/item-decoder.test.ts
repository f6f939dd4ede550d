import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ItemDecoder } from '#src/http/item-decoder.js';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import type { Datatype } from '#src/tensor/datatype.js';

/** A free dimension. */
const free = (symbol: string | null): Dimension => ({ symbol });

function spec(name: string, shape: readonly Dimension[], datatype: Datatype = 'FP32'): TensorSpec {
  return { name, datatype, shape };
}

/** A decoder for inputs whose batch axis is the one called N, or a first dimension of 1. */
function decoderFor(...inputs: TensorSpec[]): ItemDecoder {
  const axes = inputs.map(({ name, shape }): [string, number | null] => {
    const axis = shape.findIndex((size) => size === 1 || (typeof size === 'object' && size.symbol === 'N'));
    return [name, axis === -1 ? null : axis];
  });
  return new ItemDecoder({ inputs, outputs: [] }, { inputs: Object.fromEntries(axes), outputs: {} });
}

const N = free('N');
const four = decoderFor(spec('x', [N, 4]));
const words = decoderFor(spec('ids', [N, free('length')], 'INT64'), spec('mask', [N, free('length')], 'BOOL'));

function assertRefused(decoder: ItemDecoder, item: unknown, details: { path: string; expected: string; got: string }) {
  assert.throws(() => decoder.decode(item, 'input'), { name: 'MillraceError', code: 'INVALID_INPUT', details });
}

describe('ItemDecoder', () => {
  it('takes one input bare or by its name, and adds the batch axis', () => {
    const x = { datatype: 'FP32', shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) };
    assert.deepEqual(four.decode([1, 2, 3, 4], 'input'), { rows: 1, inputs: { x } });
    assert.deepEqual(four.decode({ x: [1, 2, 3, 4] }, 'input'), { rows: 1, inputs: { x } });
  });

  it('puts the batch axis where the model has it', () => {
    const { inputs } = decoderFor(spec('x', [free('time'), N, 2])).decode(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      'input',
    );
    assert.deepEqual(inputs['x'], { datatype: 'FP32', shape: [3, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const fixed = decoderFor(spec('x', [1, 2])).decode([1, 2], 'input');
    assert.deepEqual(fixed.inputs['x']?.shape, [1, 2]);
  });

  it('takes the whole tensor where there is no batch axis, and a plain value for a scalar', () => {
    const item = { x: [1, 2, 3], scale: 0.5 };
    const { inputs } = decoderFor(spec('x', [N, 3]), spec('scale', [])).decode(item, 'input');
    assert.deepEqual(inputs['scale'], { datatype: 'FP32', shape: [], data: Float32Array.of(0.5) });
    assert.deepEqual(decoderFor(spec('id', [N], 'INT64')).decode(7, 'input').inputs['id']?.data, BigInt64Array.of(7n));
  });

  it('keeps the order of nested arrays, and sizes of zero', () => {
    const { inputs } = decoderFor(spec('x', [N, 2, free(null), 2])).decode(
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
      'input',
    );
    assert.deepEqual(inputs['x']?.shape, [1, 2, 2, 2]);
    assert.deepEqual(inputs['x']?.data, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const empty = decoderFor(spec('x', [N, free('a'), free('b')])).decode([[], []], 'input');
    assert.deepEqual(empty.inputs['x'], { datatype: 'FP32', shape: [1, 2, 0], data: new Float32Array() });
    assert.deepEqual(decoderFor(spec('x', [N, 0])).decode([], 'input').inputs['x']?.shape, [1, 0]);
  });

  it('says where a shape is wrong', () => {
    assertRefused(four, [1, 2, 3], { path: 'input', expected: 'an array of 4', got: 'an array of 3' });
    assertRefused(four, 1, { path: 'input', expected: 'an array of 4', got: 'the number 1' });
    assertRefused(four, null, { path: 'input', expected: 'an array of 4', got: 'null' });
    const image = decoderFor(spec('x', [N, 2, 2]));
    assertRefused(image, [[1, 2], [3]], { path: 'input[1]', expected: 'an array of 2', got: 'an array of 1' });
    assertRefused(image, [1, 2], { path: 'input[0]', expected: 'an array of 2', got: 'the number 1' });
    const ragged = decoderFor(spec('x', [N, free('a'), free('b')]));
    assertRefused(ragged, [[1, 2], [3]], { path: 'input[1]', expected: 'an array of 2', got: 'an array of 1' });
  });

  it('refuses one rank too many: an item has no batch axis', () => {
    assertRefused(four, [[1, 2, 3, 4]], { path: 'input', expected: 'an array of 4', got: 'an array of 1' });
    const any = decoderFor(spec('x', [N, free('a')]));
    const number = 'a number that FP32 can hold';
    assertRefused(any, [[1, 2, 3, 4]], { path: 'input[0]', expected: number, got: 'an array of 4' });
    const scalar = decoderFor(spec('x', []));
    assertRefused(scalar, [1], { path: 'input', expected: 'a single value', got: 'an array of 1' });
  });

  it('says which value is wrong, however deep it stands', () => {
    const image = decoderFor(spec('pixels', [N, 2, 2], 'UINT8'));
    const details = { expected: 'a whole number from 0 to 255', got: 'the number 256' };
    const pixels = [
      [1, 2],
      [3, 256],
    ];
    assertRefused(image, pixels, { path: 'input[1][1]', ...details });
    assertRefused(image, { pixels }, { path: 'input.pixels[1][1]', ...details });
    assertRefused(decoderFor(spec('x', [])), 'a', {
      path: 'input',
      expected: 'a number that FP32 can hold',
      got: 'the string "a"',
    });
  });

  it('gives one symbol one size over all inputs', () => {
    assert.deepEqual(words.decode({ ids: [1, 2], mask: [true, false] }, 'input').inputs['mask']?.shape, [1, 2]);
    assertRefused(
      words,
      { ids: [1, 2], mask: [true] },
      { path: 'input.mask', expected: '2, as in input.ids', got: '1' },
    );
    const square = decoderFor(spec('x', [N, free('side'), free('side')]));
    assertRefused(square, [[1, 2]], { path: 'input', expected: '1, as in input', got: '2' });
    assert.deepEqual(
      decoderFor(spec('x', [N, free(null), free(null)])).decode([[1, 2]], 'input').inputs['x']?.shape,
      [1, 1, 2],
    );
  });

  it('names inputs that are missing or not known', () => {
    assertRefused(words, [1], { path: 'input', expected: 'an object with ids, mask', got: 'an array of 1' });
    assertRefused(words, { ids: [1] }, { path: 'input.mask', expected: 'BOOL of shape [length]', got: 'nothing' });
    assertRefused(
      words,
      { ids: [1], mask: [true], masks: 1 },
      { path: 'input.masks', expected: 'ids, mask', got: 'another name' },
    );
    assert.throws(() => words.decode({ masc: 1 }, 'input'), /did you mean mask\?/);
  });

  for (const key of ['__proto__', 'constructor', 'toString']) {
    it(`takes the JSON key ${key} for a name like any other`, () => {
      const item: unknown = JSON.parse(`{"x": [1, 2, 3, 4], "${key}": [1, 2, 3, 4]}`);
      assertRefused(four, item, { path: `input.${key}`, expected: 'x', got: 'another name' });
      assert.throws(() => four.decode(JSON.parse(`{"${key}": {"x": [1, 2, 3, 4]}}`), 'input'), /no such input/);
    });
  }

  it('serves an input that is called like something every object has', () => {
    const decoder = decoderFor(spec('constructor', [N, 1]), spec('toString', [N, 1]));
    const { inputs } = decoder.decode({ constructor: [1], toString: [2] }, 'input');
    assert.deepEqual(inputs['toString']?.data, Float32Array.of(2));
    assertRefused(
      decoder,
      { constructor: [1] },
      { path: 'input.toString', expected: 'FP32 of shape [1]', got: 'nothing' },
    );
  });
});
