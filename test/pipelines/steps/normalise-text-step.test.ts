import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertRefused, buildStep } from '../../support/built-steps.js';
import { propertyRuns } from '../../support/property-runs.js';

const stepFor = (options: object) => buildStep(['normalise_text', options]);
const normalised = async (options: object, text: string) => (await stepFor(options)).run(text);

describe('normalise_text', () => {
  it('leaves a text alone unless it is told to', async () => {
    const text = ' Ａ\u0301 \t\n-- 12 😀 \ud83d ';
    assert.equal(await normalised({}, text), text);
    assert.deepEqual((await stepFor({})).gives, { kind: 'text' });
  });

  it('brings a text into a normal form', async () => {
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      const text = 'Ångström ﬁne ½ 각 e\u0301 ﾞ';
      assert.equal(await normalised({ unicode: form }, text), text.normalize(form));
    }
  });

  it('replaces texts, the longest that fits first, one rule after another', async () => {
    const replace = [
      { from: ['<', '<=', '$&'], to: '$&!' },
      { from: 'b', to: 'bb' },
      { from: ['.', '*', '\\', '[x]', '^', '|', '/', '{2}'], to: '_' },
    ];
    assert.equal(await normalised({ replace }, '<= < ab $& '), '$&! $&! abb $&! ');
    assert.equal(await normalised({ replace }, '.*\\[x]^|/{2}x'), '________x');
    assert.equal(await normalised({ replace: [{ from: '-', to: '' }] }, '--a-'), 'a');
    assert.equal(await normalised({ replace: [{ from: '🌊', to: 'sea' }] }, 'a🌊\ud83c'), 'asea\ud83c');
  });

  it('keeps the kinds of characters that are named', async () => {
    const text = 'aßक्षि 𝒜 9½Ⅳ €+ „x“-_ \u00a0\ufeff\t\u200d👍\ud83d';
    assert.equal(await normalised({ keep: ['letters'] }, text), 'aßकष𝒜x');
    assert.equal(await normalised({ keep: ['letters', 'marks'] }, text), 'aßक्षि𝒜x');
    assert.equal(await normalised({ keep: ['numbers'] }, text), '9½Ⅳ');
    assert.equal(await normalised({ keep: ['symbols'] }, text), '€+👍');
    assert.equal(await normalised({ keep: ['punctuation'] }, text), '„“-_');
    assert.equal(await normalised({ keep: ['spaces'] }, text), `${' '.repeat(5)}\u00a0\ufeff\t`);
  });

  it('makes one space of white space that repeats, or of all', async () => {
    const text = 'a\tb \n c\u00a0d\u2003\u2003e\r\nf';
    assert.equal(await normalised({ collapse_spaces: 'repeated' }, text), 'a\tb c\u00a0d e f');
    assert.equal(await normalised({ collapse_spaces: 'all' }, text), 'a b c d e f');
  });

  it('makes small letters by the rules of Unicode, in whatever language', async () => {
    assert.equal(await normalised({ lower_case: true }, 'ÅΣΑΣ 𐐀 ẞ İI'), 'åσας 𐐨 ß i\u0307i');
  });

  it('trims last, and does each thing in the order of the options', async () => {
    const options = {
      trim: true,
      lower_case: true,
      collapse_spaces: 'all',
      keep: ['letters', 'spaces'],
      replace: [{ from: 'fi', to: '- X' }],
      unicode: 'NFKC',
    };
    // The ligature is taken apart, replaced, freed of its dash, and lower-cased.
    assert.equal(await normalised(options, ' !ﬁ  9 Y!\n'), 'x y');
  });

  it('is linear in the text', async () => {
    const options = { unicode: 'NFKC', keep: ['letters', 'marks', 'spaces'], collapse_spaces: 'all', trim: true };
    const text = `${' '.repeat(300_000)}${'é \u0301 -'.repeat(100_000)}${'\n'.repeat(300_000)}`;
    assert.equal(await normalised(options, text), 'é \u0301 '.repeat(100_000).trim());
  });
});

describe('normalise_text with a longest length', () => {
  it('counts characters, not code units', async () => {
    const step = await stepFor({ max_length: 3 });
    assert.equal(await step.run('🌊🌊🌊'), '🌊🌊🌊');
    assert.equal(await step.run('a🌊\ud83c'), 'a🌊\ud83c');
    await assertRefused(step, '🌊🌊🌊a', { path: '', expected: 'at most 3 characters', got: '4 characters' });
    await assertRefused(step, 'abcd', { path: '', expected: 'at most 3 characters', got: '4 characters' });
  });

  it('cuts between characters where that is wanted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'é', '🌊', '\ud83c', '\udf0a') }),
        fc.integer({ min: 1, max: 8 }),
        async (text, max_length) => {
          const cut = await normalised({ max_length, too_long: 'cut' }, text);
          assert.equal(cut, Array.from(text).slice(0, max_length).join(''));
        },
      ),
      propertyRuns(200),
    );
  });

  it('has a sample that is short enough', async () => {
    const step = await stepFor({ max_length: 5 });
    assert.equal(await step.run((await step.sample?.()) as string), 'The q');
  });
});

describe('texts that normalise_text refuses', () => {
  it('are those of which nothing is left, where it is told to', async () => {
    const options = { keep: ['letters', 'spaces'], trim: true };
    assert.equal(await normalised(options, ' 12! '), '');
    const expected = 'a text of which something is left after normalisation (of letters, spaces)';
    const strict = await stepFor({ ...options, if_empty: 'error' });
    await assertRefused(strict, ' 12! ', { path: '', expected, got: 'the string " 12! "' });
    const any = 'a text of which something is left after normalisation';
    await assertRefused(await stepFor({ if_empty: 'error' }), '', { path: '', expected: any, got: 'the string ""' });
  });

  it('are those whose combining marks take quadratic time to sort', async () => {
    const details = { path: '', expected: 'at most 256 in a row', got: 'more' };
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      const step = await stepFor({ unicode: form });
      const allowed = `a${'\u0301\u0316'.repeat(128)}`.repeat(3);
      assert.equal(await step.run(allowed), allowed.normalize(form));
      await assertRefused(step, `a${'\u0301\u0316'.repeat(500_000)}`, details);
      // These are letters, but their compatible forms are marks.
      await assertRefused(step, '\uff9e\u0301'.repeat(500_000), details);
    }
    const long = `a${'\u0301'.repeat(1000)}`;
    assert.equal(await normalised({}, long), long);
  });
});
