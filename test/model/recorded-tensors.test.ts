import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordedItem } from '#src/model/recorded-tensors.js';
import { signature } from '../support/signatures.js';
import { plainAll } from '../support/tensors.js';

const declared = signature({
  x: ['T', 'N', 2],
  ids: ['INT64', ['N']],
  flag: ['BOOL', ['N', 1]],
  names: ['BYTES', ['N', 'M']],
  rate: [],
});
const axes = { inputs: { x: 1, ids: 0, flag: 0, names: 0, rate: null }, outputs: {} };
const item = {
  x: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  ids: 7,
  flag: [true],
  names: ['a', 'ü'],
  rate: 0.5,
};

describe('a recorded item', () => {
  it('becomes tensors with a batch of one', () => {
    assert.deepEqual(plainAll(recordedItem(item, declared, axes)), {
      x: { shape: [3, 1, 2], values: [1, 2, 3, 4, 5, 6] },
      ids: { shape: [1], values: [7n] },
      flag: { shape: [1, 1], values: [1] },
      names: { shape: [1, 2], values: ['a', 'ü'] },
      rate: { shape: [], values: [0.5] },
    });
  });

  const mistakes: [item: unknown, message: RegExp][] = [
    [null, /expected an object with x, ids, flag, names, rate/],
    [{ ...item, x: undefined }, /x: the shape \[\] does not fit/],
    [{ ...item, x: [[1, 2], [3]] }, /x: its rows have different lengths/],
    [
      {
        ...item,
        x: [
          [1, 2],
          [3, 4, 5],
        ],
      },
      /x: its rows have different lengths/,
    ],
    [{ ...item, ids: 1.5 }, /ids: INT64 does not hold 1.5/],
    [{ ...item, flag: [2] }, /flag: BOOL does not hold 2/],
    [{ ...item, names: [1, 'b'] }, /names: BYTES does not hold 1/],
    [{ ...item, rate: true }, /rate: FP32 does not hold true/],
  ];
  for (const [given, message] of mistakes) {
    it(`is refused: ${JSON.stringify(given)}`, () => {
      assert.throws(() => recordedItem(given, declared, axes), message);
    });
  }
});
