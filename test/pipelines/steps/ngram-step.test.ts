import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StepError } from '#src/pipelines/step.js';
import type { Datatype } from '#src/tensor/datatype.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';

const countNgrams = (file: string | Uint8Array, options: object = {}, datatype: Datatype = 'FP64') =>
  buildStep(['count_ngrams', { file: 'ngrams.json', ...options }], {
    inputs: [{ name: 'x', datatype, shape: [{ symbol: null }] }],
    files: { 'ngrams.json': file },
  });

async function frequencies(ngrams: object, text: string, options: object = {}): Promise<number[]> {
  const step = await countNgrams(JSON.stringify(ngrams), options);
  const tensor = (await step.run(text)) as Tensor;
  assert.deepEqual(step.gives, { kind: 'tensor', datatype: tensor.datatype, shape: tensor.shape });
  return Array.from(tensor.data, Number);
}

/** Cut out every n-gram of the length, and look how many are the one. */
function naive(units: readonly string[], ngram: readonly string[]): number {
  const all = units
    .slice(0, Math.max(0, units.length - ngram.length + 1))
    .map((_, at) => units.slice(at, at + ngram.length).join(''));
  return all.length === 0 ? 0 : all.filter((each) => each === ngram.join('')).length / all.length;
}

const codeUnits = (text: string) => text.split('');
const codePoints = (text: string) => Array.from(text);

describe('count_ngrams', () => {
  it('divides by how many n-grams of the length the text has, overlaps counted', async () => {
    assert.deepEqual(await frequencies(['a', 'aa', 'aaa', 'b', 'ab'], 'aaab'), [3 / 4, 2 / 3, 1 / 2, 1 / 4, 1 / 3]);
  });

  it('takes one list, or several one after the other', async () => {
    const expected = [1 / 2, 1 / 2, 1];
    assert.deepEqual(await frequencies(['b', 'a', 'ab'], 'ab'), expected);
    assert.deepEqual(await frequencies({ unigrams: ['b', 'a'], bigrams: ['ab'] }, 'ab'), expected);
  });

  it('gives zeros for texts that hold none, also if they are shorter than any', async () => {
    assert.deepEqual(await frequencies(['abc', 'x'], ''), [0, 0]);
    assert.deepEqual(await frequencies(['abc'], 'ab'), [0]);
    assert.deepEqual(await frequencies(['abc', 'x'], '12345'), [0, 0]);
  });

  it('sees where the text begins and ends, if something is put around it', async () => {
    assert.deepEqual(await frequencies([' a', 'a ', ' '], 'a', { around: ' ' }), [1 / 2, 1 / 2, 2 / 3]);
    assert.deepEqual(await frequencies([' '], '', { around: ' ' }), [1]);
  });

  it('counts characters beyond the first plane as one, or as the two units of UTF-16', async () => {
    assert.deepEqual(await frequencies(['a', '🌊', '🌊a'], '🌊a🌊'), [1 / 3, 2 / 3, 1 / 2]);
    assert.deepEqual(await frequencies(['a', '🌊', '🌊a'], '🌊a🌊', { unit: 'utf16' }), [1 / 5, 2 / 4, 1 / 3]);
  });

  it('counts what a naive count does', async () => {
    const unit = fc.constantFrom('a', 'b', ' ', 'é', 'e\u0301', '𝒜', '🌊');
    const ngrams = fc.uniqueArray(fc.string({ unit, minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    const texts = fc.string({ unit: fc.oneof({ weight: 20, arbitrary: unit }, fc.constantFrom('\ud83c', '\udf0a')) });
    await fc.assert(
      fc.asyncProperty(ngrams, texts, async (list, text) => {
        for (const [name, split] of [['utf16', codeUnits] as const, ['code_point', codePoints] as const]) {
          const expected = list.map((ngram) => naive(split(text), split(ngram)));
          assert.deepEqual(await frequencies(list, text, { unit: name }), expected);
        }
      }),
      propertyRuns(300),
    );
  });

  it('takes a megabyte of text', async () => {
    const text = 'abcd'.repeat(250_000);
    assert.deepEqual(await frequencies(['a', 'abcd', 'dab', 'x'], text), [
      1 / 4,
      250_000 / 999_997,
      249_999 / 999_998,
      0,
    ]);
  });
});

describe('n-gram files that count_ngrams refuses', () => {
  const assertMisfit = (file: string | Uint8Array, message: RegExp, datatype?: Datatype) =>
    assert.rejects(countNgrams(file, {}, datatype), (error) => {
      assert.ok(error instanceof StepError);
      assert.match(error.message, message);
      return true;
    });

  it('are told apart', async () => {
    await assertMisfit('{', /^ngrams\.json is not JSON: /);
    await assertMisfit(Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), /^ngrams\.json is not JSON: /);
    for (const wrong of ['7', '["a", 1]', '[""]', '{"a": "b"}', '["\\ud83c"]', `["${'x'.repeat(65)}"]`]) {
      await assertMisfit(wrong, /^ngrams\.json: expected lists of n-grams/);
    }
    await assertMisfit('[]', /expected 1 to 100000 n-grams; got 0/);
    await assertMisfit('{"a": ["x", "y"], "b": ["y"]}', /"y" is listed twice/);
  });

  it('are not read for a model that takes no fractions', async () => {
    await assertMisfit('["a"]', /input is INT32, which does not hold frequencies/, 'INT32');
  });
});
