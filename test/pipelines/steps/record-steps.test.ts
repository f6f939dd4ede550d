import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import type { Datatype } from '#src/tensor/datatype.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep } from '../../support/built-steps.js';

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

describe('columns', () => {
  it('takes an object by name and an array in order', async () => {
    const step = await columns(['a', 'b', 'c']);
    const expected = { datatype: 'FP32', shape: [3], data: Float32Array.of(1, 2.5, -3) };
    assert.deepEqual(step.gives, { kind: 'tensor', datatype: 'FP32', shape: [3] });
    assert.deepEqual(await step.run({ c: -3, a: 1, b: 2.5 }), expected);
    assert.deepEqual(await step.run([1, 2.5, -3]), expected);
  });

  it('fills the shape that the model has for one item', async () => {
    for (const shape of [[2], [1, 2], [2, 1]]) {
      const step = await columns(['a', 'b'], [input('x', 'INT64', shape)]);
      assert.deepEqual(await step.run([7, 8]), { datatype: 'INT64', shape, data: BigInt64Array.of(7n, 8n) });
    }
    const scalar = await columns(['a'], [input('x', 'INT32', [])]);
    assert.deepEqual(await scalar.run({ a: 7 }), { datatype: 'INT32', shape: [], data: Int32Array.of(7) });
  });

  it('fills several inputs, each from the columns that name it', async () => {
    const list = [
      { name: 'age', input: 'numbers' },
      { name: 'city', type: 'text', input: 'city' },
      { name: 'income', input: 'numbers' },
    ];
    const step = await columns(list, [input('city', 'BYTES', [1]), input('numbers', 'FP32', [2])]);
    const expected = {
      city: { datatype: 'BYTES', shape: [1], data: ['Rîbnița'] },
      numbers: { datatype: 'FP32', shape: [2], data: Float32Array.of(36, 1000) },
    };
    assert.deepEqual(await step.run({ age: 36, income: 1000, city: 'Rîbnița' }), expected);
    assert.deepEqual(await step.run([36, 'Rîbnița', 1000]), expected);
    assert.deepEqual(step.gives, {
      kind: 'tensors',
      tensors: { city: { datatype: 'BYTES', shape: [1] }, numbers: { datatype: 'FP32', shape: [2] } },
    });
  });

  it('makes tensors of its own for each record', async () => {
    const step = await columns([{ name: 'a', type: 'category', categories: ['x', 'y'], encoding: 'one_hot' }]);
    const first = (await step.run(['x'])) as Tensor;
    await step.run(['y']);
    assert.deepEqual(first.data, Float32Array.of(1, 0));
  });
});

describe('columns by type', () => {
  it('scales numbers, and takes those of the range', async () => {
    const celsius = { name: 'fahrenheit', min: -40, max: 212, scale: 5 / 9, offset: -160 / 9 };
    for (const [sent, expected] of [[212, 100] as const, [-40, -40] as const, [32, 0] as const]) {
      const [element] = await elements([celsius], [sent]);
      assert.ok(Math.abs((element as number) - expected) < 1e-12, `${sent} became ${String(element)}`);
    }
  });

  it('gives a category its index', async () => {
    const list = [{ name: 'a', type: 'category', categories: ['no', 1, true, '1'] }];
    for (const [index, value] of ['no', 1, true, '1'].entries())
      assert.deepEqual(await elements(list, [value]), [index]);
  });

  it('gives a category one element for each that there is', async () => {
    const list = ['before', { name: 'a', type: 'category', categories: ['x', 'y', 'z'], encoding: 'one_hot' }, 'after'];
    assert.deepEqual(await elements(list, [7, 'x', 8]), [7, 1, 0, 0, 8]);
    assert.deepEqual(await elements(list, [7, 'z', 8]), [7, 0, 0, 1, 8]);
  });

  it('has a category stand for those it does not know', async () => {
    const category = { name: 'a', type: 'category', categories: ['x', 'y'] };
    const oneHot = { ...category, encoding: 'one_hot' };
    assert.deepEqual(await elements([{ ...category, unknown: 'other' }], ['z']), [2]);
    assert.deepEqual(await elements([{ ...category, unknown: 1 }], ['z']), [1]);
    assert.deepEqual(await elements([{ ...category, unknown: -1 }], [12]), [-1]);
    assert.deepEqual(await elements([{ ...oneHot, unknown: 'other' }], ['z']), [0, 0, 1]);
    assert.deepEqual(await elements([{ ...oneHot, unknown: 'other' }], ['y']), [0, 1, 0]);
    assert.deepEqual(await elements([{ ...oneHot, unknown: -1 }], ['z']), [0, 0]);
  });

  it('gives true and false as 1 and 0', async () => {
    const list = [
      { name: 'a', type: 'boolean' },
      { name: 'b', type: 'boolean' },
    ];
    assert.deepEqual(await elements(list, [true, false]), [1, 0]);
    assert.deepEqual(await elements(list, [true, false], 'BOOL'), [1, 0]);
  });

  it('lets something stand for null, an empty string and an absent column', async () => {
    const number = { name: 'a', scale: 2, offset: 1 };
    const category = { name: 'a', type: 'category', categories: ['x', 'y'] };
    for (const record of [{ a: null }, { a: '' }, {}, [null], ['']]) {
      assert.deepEqual(await elements([{ ...number, missing: 'nan' }], record), [Number.NaN]);
      assert.deepEqual(await elements([{ ...number, missing: 3 }], record), [7]);
      assert.deepEqual(await elements([{ name: 'a', type: 'boolean', missing: 0 }], record), [0]);
      assert.deepEqual(await elements([{ ...category, missing: 1 }], record), [1]);
      assert.deepEqual(await elements([{ ...category, missing: 'nan' }], record), [Number.NaN]);
      assert.deepEqual(await elements([{ ...category, missing: 'other' }], record), [2]);
      assert.deepEqual(await elements([{ ...category, missing: 'other', encoding: 'one_hot' }], record), [0, 0, 1]);
    }
  });

  it('takes an empty string for what it is where it is a category or a text', async () => {
    assert.deepEqual(await elements([{ name: 'a', type: 'category', categories: ['x', ''], missing: 0 }], ['']), [1]);
    assert.deepEqual(await elements([{ name: 'a', type: 'text' }], [''], 'BYTES'), ['']);
  });

  it('has a sample that it takes', async () => {
    const list = [
      'plain',
      { name: 'low', max: -5 },
      { name: 'between', min: 10, max: 20 },
      { name: 'told', example: 45.5 },
      { name: 'kind', type: 'category', categories: ['x', 'y'] },
      { name: 'flag', type: 'boolean' },
    ];
    const sample = await (await columns(list)).sample?.();
    assert.deepEqual(sample, { plain: 1, low: -5, between: 10, told: 45.5, kind: 'x', flag: true });
    assert.deepEqual(await elements(list, sample as object), [1, -5, 10, 45.5, 0, 1]);
    const text = await columns([{ name: 'word', type: 'text' }], [input('x', 'BYTES')]);
    assert.deepEqual(((await text.run((await text.sample?.()) as object)) as Tensor).data, ['text']);
  });
});
