import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import type { Datatype } from '#src/tensor/datatype.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { assertRefused, buildStep } from '../../support/built-steps.js';

const input = (name: string, datatype: Datatype = 'FP32', shape: readonly Dimension[] = [{ symbol: null }]) => {
  return { name, datatype, shape } satisfies TensorSpec;
};

const columns = (list: readonly unknown[], inputs: readonly TensorSpec[] = [input('features')]) =>
  buildStep(['columns', { columns: list }], { inputs });

/** The elements that a record becomes. */
async function elements(list: readonly unknown[], record: object, datatype: Datatype = 'FP64'): Promise<unknown[]> {
  const step = await columns(list, [input('features', datatype)]);
  return [...((await step.run(record)) as Tensor).data];
}

describe('records that do not fit', () => {
  const list: unknown[] = [
    'length',
    { name: 'mass', min: 0, max: 10 },
    { name: 'sex', type: 'category', categories: ['female', 'male'] },
    { name: 'wild', type: 'boolean' },
  ];
  const good = { length: 1, mass: 2, sex: 'male', wild: true };
  const refused = async (record: object, details: { path: string; expected: string; got: string }, all = list) =>
    assertRefused(await columns(all), record, details);

  it('are refused with the name of the column', async () => {
    await refused({ ...good, length: '5' }, { path: '.length', expected: 'a number', got: 'the string "5"' });
    await refused([[1], 2, 'male', true], { path: '[0]', expected: 'a number', got: 'an array of 1' });
    await refused({ ...good, mass: 11 }, { path: '.mass', expected: 'a number from 0 to 10', got: 'the number 11' });
    await refused([1, -0.5, 'male', true], { path: '[1]', expected: 'a number from 0 to 10', got: 'the number -0.5' });
    await refused({ ...good, wild: 1 }, { path: '.wild', expected: 'true or false', got: 'the number 1' });
    const expected = 'one of "female", "male"';
    await refused({ ...good, sex: {} }, { path: '.sex', expected, got: 'an object' });
    await refused(
      { ...good, sex: 'Female' },
      { path: '.sex', expected: `${expected} (did you mean female?)`, got: 'the string "Female"' },
    );
  });

  it('are refused for what is missing, unless the column says what stands for it', async () => {
    await refused({ mass: 2, sex: 'male', wild: true }, { path: '.length', expected: 'a number', got: 'nothing' });
    await refused({ ...good, mass: null }, { path: '.mass', expected: 'a number from 0 to 10', got: 'null' });
    await refused([1, 2, '', true], { path: '[2]', expected: 'one of "female", "male"', got: 'the string ""' });
    // A category for unknown ones says nothing of missing ones.
    const category = { name: 'a', type: 'category', categories: ['x'], unknown: 'other' };
    await refused({ a: null }, { path: '.a', expected: 'one of "x"', got: 'null' }, [category]);
  });

  it('are refused for columns that there are not, with those that may be meant', async () => {
    const expected = 'length, mass, sex, wild';
    const error = await refused({ ...good, lenght: 1 }, { path: '.lenght', expected, got: 'another name' });
    assert.match(error.message, /did you mean length\?/);
    await refused({ ...good, ['x'.repeat(500)]: 1 }, { path: `.${'x'.repeat(128)}`, expected, got: 'another name' });
  });

  it('are refused for names of prototypes as for any other', async () => {
    const expected = 'length, mass, sex, wild';
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const record = JSON.parse(`{"${key}": {"length": 1}, "mass": 2, "sex": "male", "wild": true}`) as object;
      await refused(record, { path: `.${key}`, expected, got: 'another name' });
    }
    await refused({}, { path: '.constructor', expected: 'a number', got: 'nothing' }, ['constructor']);
    await refused({}, { path: '.__proto__', expected: 'a number', got: 'nothing' }, ['__proto__']);
    assert.deepEqual(await elements(['__proto__'], JSON.parse('{"__proto__": 5}') as object), [5]);
  });

  it('are refused with too few or too many values', async () => {
    const expected = '4 values: length, mass, sex, wild';
    await refused([1, 2, 'male'], { path: '', expected, got: 'an array of 3' });
    await refused([1, 2, 'male', true, 5], { path: '', expected, got: 'an array of 5' });
    await refused([], { path: '', expected: '1 value: a', got: 'an array of 0' }, ['a']);
    const many = Array.from({ length: 25 }, (_, index) => `c${index}`);
    const listed = `25 values: ${many.slice(0, 20).join(', ')} and 5 more`;
    await refused([], { path: '', expected: listed, got: 'an array of 0' }, many);
  });

  it('are refused for numbers that the model cannot hold', async () => {
    const step = await columns(['a'], [input('x', 'INT8', [1])]);
    await assertRefused(step, [0.5], {
      path: '[0]',
      expected: 'a whole number that INT8 can hold',
      got: 'the number 0.5',
    });
    await refused([1e39], { path: '[0]', expected: 'a number that FP32 can hold', got: 'the number 1e+39' }, ['a']);
    const infinite = JSON.parse('[1e999]') as object;
    await refused(infinite, { path: '[0]', expected: 'a number', got: 'the number Infinity' }, ['a']);
    const text = await columns([{ name: 'a', type: 'text' }], [input('x', 'BYTES')]);
    for (const cell of ['a\0b', '\ud83c', 5])
      await assert.rejects(async () => text.run([cell]), { code: 'INVALID_INPUT' });
  });

  it('are told of a few of many categories', async () => {
    const categories = Array.from({ length: 30 }, (_, index) => index);
    const expected = `one of ${categories.slice(0, 20).join(', ')} or one of 10 more`;
    const all = [{ name: 'a', type: 'category', categories }];
    await refused([99], { path: '[0]', expected, got: 'the number 99' }, all);
  });
});
