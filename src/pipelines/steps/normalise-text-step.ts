import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { shown } from '../../core/zod-issues.js';
import { stepKind } from '../step.js';
import { codePointCount, firstCodePoints } from './code-points.js';

const MAX_TEXTS = 1000;
/** Longer runs of combining marks are no writing. */
const MAX_MARKS = 256;
const MARK = '[\\p{M}\\uff9e\\uff9f]';

/**
 * A run of combining marks that is too long. All normal forms sort such a run, in quadratic time: 100,000 marks take
 * seconds. The two sound marks of halfwidth katakana are letters that NFKC and NFKD make into marks. Looking back first
 * keeps the search linear: it begins once in each run.
 */
const TOO_MANY_MARKS = new RegExp(`(?<!${MARK})${MARK}{${MAX_MARKS + 1}}`, 'u');

/** What each word of `keep` stands for inside a character class. */
const characterClasses = {
  letters: '\\p{L}',
  marks: '\\p{M}',
  numbers: '\\p{N}',
  punctuation: '\\p{P}',
  symbols: '\\p{S}',
  spaces: '\\s',
} as const;

const replacementSchema = z.strictObject({
  from: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(MAX_TEXTS)])
    .describe('A text, or several, of which the longest that fits is taken'),
  to: z.string().describe('What stands in its place'),
});

const normaliseTextSchema = z.strictObject({
  max_length: z.int().min(1).exactOptional().describe('Characters that a text as it comes may have'),
  too_long: z
    .enum(['error', 'cut'])
    .default('error')
    .describe('What happens to longer ones: an error, or the text is cut after that many'),
  unicode: z
    .enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'none'])
    .default('none')
    .describe('The Unicode normal form that the text is brought into'),
  replace: z
    .array(replacementSchema)
    .max(MAX_TEXTS)
    .default([])
    .describe('Texts that are replaced, one rule after another'),
  keep: z
    .array(z.enum(Object.keys(characterClasses) as [keyof typeof characterClasses]))
    .min(1)
    .exactOptional()
    .describe('The kinds of characters that stay; without it all do'),
  collapse_spaces: z
    .enum(['none', 'repeated', 'all'])
    .default('none')
    .describe(
      'White space that becomes a single space: `repeated` two or more in a row, `all` also a single tab or line break',
    ),
  lower_case: z.boolean().default(false).describe('Whether capitals become small letters, whatever the language'),
  trim: z.boolean().default(false).describe('Whether white space goes from the beginning and the end'),
  if_empty: z
    .enum(['keep', 'error'])
    .default('keep')
    .describe('What happens to a text of which nothing is left: `error` refuses it'),
});

type NormaliseTextOptions = z.output<typeof normaliseTextSchema>;

/** A text that steps can show as an example: it has letters, a number, spaces and a full stop. */
export const sampleText = 'The quick brown fox jumps over 13 lazy dogs.';

/** `normalise_text`: text → text. What is not asked for is left out; the rest is done in the order of the options. */
export const normaliseTextStep = stepKind({
  name: 'normalise_text',
  summary:
    'Brings a text into the form that the model was trained on, in the order of the options: length, normal form, ' +
    'replacements, characters that stay, white space, case, ends',
  takes: ['text'],
  gives: ['text'],
  options: normaliseTextSchema,
  resolve: (options) => {
    const passes = passesFor(options);
    return {
      name: 'normalise_text',
      gives: { kind: 'text' },
      runs: 'javascript',
      run: (value) => {
        const sent = value as string;
        const text = passes.reduce((before, pass) => pass(before), withinLength(sent, options));
        if (text === '' && options.if_empty === 'error') throw nothingLeft(sent, options);
        return text;
      },
      sample: () => firstCodePoints(sampleText, options.max_length ?? sampleText.length),
    };
  },
});

function passesFor(options: NormaliseTextOptions): ((text: string) => string)[] {
  const { unicode, replace, keep, collapse_spaces, lower_case, trim } = options;
  const passes = replace.map(({ from, to }) => replacing(patternOf([from].flat()), to));
  if (unicode !== 'none') passes.unshift((text) => normalForm(text, unicode));
  if (keep !== undefined) {
    passes.push(replacing(new RegExp(`[^${keep.map((name) => characterClasses[name]).join('')}]+`, 'gu'), ''));
  }
  if (collapse_spaces !== 'none') passes.push(replacing(collapse_spaces === 'all' ? /\s+/g : /\s{2,}/g, ' '));
  if (lower_case) passes.push((text) => text.toLowerCase());
  if (trim) passes.push((text) => text.trim());
  return passes;
}

function replacing(pattern: RegExp, to: string): (text: string) => string {
  // A function: `$&` in the new text means itself.
  return (text) => text.replace(pattern, () => to);
}

/** Any of the texts, the longest first: a pattern takes the first alternative that fits. */
function patternOf(texts: readonly string[]): RegExp {
  const literals = texts.toSorted((a, b) => b.length - a.length);
  return new RegExp(literals.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'gu');
}

function normalForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): string {
  if (!TOO_MANY_MARKS.test(text)) return text.normalize(form);
  throw new MillraceError('INVALID_INPUT', 'The text has more combining marks on one character than any writing.', {
    path: '',
    expected: `at most ${MAX_MARKS} in a row`,
    got: 'more',
  });
}

function withinLength(text: string, { max_length, too_long }: NormaliseTextOptions): string {
  // A text has at most as many characters as code units.
  if (max_length === undefined || text.length <= max_length) return text;
  if (too_long === 'cut') return firstCodePoints(text, max_length);
  const length = codePointCount(text);
  if (length <= max_length) return text;
  throw new MillraceError('INVALID_INPUT', 'The text is longer than the model takes.', {
    path: '',
    expected: `at most ${max_length} characters`,
    got: `${length} characters`,
  });
}

function nothingLeft(sent: string, { keep }: NormaliseTextOptions): MillraceError {
  const kinds = keep === undefined ? '' : ` (of ${keep.join(', ')})`;
  return new MillraceError('INVALID_INPUT', 'The text holds nothing that the model can read.', {
    path: '',
    expected: `a text of which something is left after normalisation${kinds}`,
    got: shown(sent),
  });
}
