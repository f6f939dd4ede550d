import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeIssues } from '#src/core/zod-issues.js';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import { StepError } from '#src/pipelines/step.js';
import { columnSchema } from '#src/pipelines/steps/column-config.js';
import type { Datatype } from '#src/tensor/datatype.js';
import { buildStep } from '../../support/built-steps.js';

const input = (name: string, datatype: Datatype, shape: readonly Dimension[]): TensorSpec => ({
  name,
  datatype,
  shape,
});
const features = input('features', 'FP32', [2]);

async function assertMisfit(list: readonly unknown[], inputs: readonly TensorSpec[], message: RegExp): Promise<void> {
  await assert.rejects(buildStep(['columns', { columns: list }], { inputs }), (error) => {
    assert.ok(error instanceof StepError);
    assert.match(error.message, message);
    return true;
  });
}

describe('columns and the inputs of the model', () => {
  it('must make as many elements as the input takes', async () => {
    await assertMisfit(['a'], [features], /the columns make 1 element, but the model's input features takes \[2\]/);
    const free = input('x', 'FP32', [{ symbol: 'N' }, 3]);
    await assertMisfit(['a', 'b', 'c'], [free], /make 3 elements, but the model's input x takes \[N, 3\]/);
  });

  it('must name the input where there are several, and one that there is', async () => {
    const two = [features, input('city', 'BYTES', [1])];
    await assertMisfit(['a'], two, /column a: it must name its input; the model's inputs are features, city/);
    await assertMisfit(
      [{ name: 'a', input: 'citty' }],
      two,
      /column a: there is no input citty \(did you mean city\?\)/,
    );
    const numbers = ['a', 'b'].map((name) => ({ name, input: 'features' }));
    await assertMisfit(numbers, two, /no column is for the model's input city/);
  });

  it('must be of types that the input takes', async () => {
    await assertMisfit(
      [{ name: 'a', type: 'text' }, 'b'],
      [features],
      /a is of type text, but the input features takes FP32/,
    );
    await assertMisfit(['a'], [input('x', 'BYTES', [1])], /a is of type number, but the input x takes BYTES/);
  });

  it('must have names of their own', async () => {
    await assertMisfit(['a', 'a'], [features], /two columns are called a/);
  });
});

describe('what stands for a value', () => {
  const small = [input('x', 'UINT8', [1])];
  const category = { name: 'a', type: 'category', categories: ['x', 'y'] };

  it('must be something that the datatype holds', async () => {
    await assertMisfit([{ name: 'a', missing: 'nan' }], small, /a missing value would become what UINT8 does not hold/);
    await assertMisfit([{ name: 'a', missing: 200, scale: 2 }], small, /a missing value would become/);
    await assertMisfit(
      [{ ...category, unknown: -1 }],
      small,
      /an unknown category would become what UINT8 does not hold/,
    );
    const many = Array.from({ length: 300 }, (_, index) => `c${index}`);
    await assertMisfit([{ ...category, categories: many }], small, /the string "c256" would become/);
  });

  it('must be the index of a category', async () => {
    await assertMisfit([{ ...category, unknown: 2 }], small, /column a: 2 is not the index of a category/);
    await assertMisfit([{ ...category, missing: 0.5 }], small, /column a: 0.5 is not the index of a category/);
    await assertMisfit([{ ...category, categories: ['x', 'x'] }], small, /column a: a category is listed twice/);
  });

  it('must be a value that the column takes, if it is its example', async () => {
    const wrong = { name: 'a', max: 5, example: 6 };
    await assertMisfit([wrong], small, /column a needs an example that is a number of at most 5, and not the number 6/);
    await assertMisfit(
      [{ name: 'a', min: 0.5, max: 0.7 }],
      small,
      /an example that is a whole number that UINT8 can hold/,
    );
  });
});

describe('the configuration of a column', () => {
  const problems = (column: object) => {
    const result = columnSchema.safeParse({ name: 'a', ...column });
    return result.success
      ? []
      : describeIssues(result.error, columnSchema, column).map(({ path, message }) => `${path}: ${message}`);
  };

  it('says what does not go together', () => {
    assert.deepEqual(problems({ type: 'category' }), ['categories: the categories in their order; got nothing']);
    assert.deepEqual(problems({ encoding: 'one_hot' }), [
      'encoding: only columns of type category have this; got the string "one_hot"',
    ]);
    assert.deepEqual(problems({ type: 'boolean', min: 0 }), [
      'min: only columns of type number have this; got the number 0',
    ]);
    assert.deepEqual(problems({ missing: 'other' }), ['missing: nothing, nan or a number; got the string "other"']);
    assert.deepEqual(problems({ type: 'text', missing: 0 }).length, 1);
    assert.deepEqual(problems({ type: 'category', categories: ['x'], encoding: 'one_hot', missing: 'nan' }).length, 1);
    assert.deepEqual(problems({ min: 2, max: 1 }), ['max: a number from min on, which is 2; got the number 1']);
    assert.match(problems({ catgories: [] }).join(), /catgories: unknown key \(did you mean categories\?\)/);
  });
});
