import { z } from 'zod';
import { type Step, StepError, stepKind, type Value } from '../step.js';
import { type Label, type LabelPolicy, type LabelsType, typeText } from '../value-type.js';
import { readLabelsFile } from './labels-file.js';
import { CutLabels, labelled, RankedLabels } from './ranked-labels.js';
import { uncut } from './ranking.js';
import { scoreReader, unusableScore } from './scores.js';

/** An infinite score has its place in the order; it is the writing of an answer that it is left in that refuses it. */
export const labels = stepKind({
  name: 'labels',
  summary: 'Gives each class its label, and whatever else the file says of it: all classes, the highest score first',
  takes: ['scores', 'tensor'],
  gives: ['labels'],
  options: z.strictObject({
    file: z
      .string()
      .min(1)
      .describe(
        'A JSON file beside the model: an array with a label for each class, as a string or an object with `label` and any other members; or an object of them by class number, also as `id2label`',
      ),
  }),
  shorthand: 'file',
  async resolve({ file }, given, context): Promise<Step> {
    const { count, read } = scoreReader(given);
    const { rows, policies } = readLabelsFile(file, await context.readFile(file));
    if (count !== undefined && count !== rows.length) {
      throw new StepError(`${file} has ${rows.length} labels; given ${typeText(given)}`);
    }
    const classes = rows.map(({ label }) => label);
    const gives: LabelsType = { kind: 'labels', classes, ...(policies === undefined ? {} : { policies }) };
    const readAll = (value: Value) => {
      const scores = read(value);
      if (scores.length === rows.length) return scores;
      throw new Error(`${file} has ${rows.length} labels; the model gave ${scores.length} scores`);
    };
    const rowOf = (place: number) => rows[place] as (typeof rows)[number];
    return new RankedLabels({ name: 'labels', gives, cut: uncut }, { read: readAll, rowOf });
  },
});

export const topK = stepKind({
  name: 'top_k',
  summary:
    'Keeps the labels of the highest scores, of equal ones the first; scores get the number of their class as label',
  takes: ['labels', 'scores', 'tensor'],
  gives: ['labels'],
  options: z.strictObject({
    k: z.int().min(1).describe('How many are kept; all of them where there are fewer'),
  }),
  shorthand: 'k',
  resolve({ k }, given): Step {
    const cut = { ...uncut, most: k };
    if (given.kind === 'labels') return new CutLabels({ name: 'top_k', gives: given, cut });
    const rowOf = (place: number) => ({ label: String(place) });
    return new RankedLabels(
      { name: 'top_k', gives: { kind: 'labels' }, cut },
      { read: scoreReader(given).read, rowOf },
    );
  },
});

export const threshold = stepKind({
  name: 'threshold',
  summary: 'Keeps the labels whose score is high enough, the highest first',
  takes: ['labels'],
  gives: ['labels'],
  options: z
    .strictObject({
      at: z
        .number()
        .exactOptional()
        .describe('The least score that is kept; with `per_label`, of labels whose row has no `threshold`'),
      per_label: z
        .boolean()
        .default(false)
        .describe(
          'Whether rows of the labels file decide: `threshold` is the least score of that label, `otherwise` (an object like a row) takes its place below it, `as` (likewise) from it on',
        ),
    })
    .refine(({ at, per_label }) => per_label || at !== undefined, { path: ['at'], error: 'expected a number' }),
  shorthand: 'at',
  resolve({ at, per_label }, given): Step {
    const least = at ?? Number.NEGATIVE_INFINITY;
    if (!per_label) return new CutLabels({ name: 'threshold', gives: given, cut: { ...uncut, least } });
    const { policies, classes } = given as LabelsType;
    if (policies === undefined) {
      throw new StepError(
        'per_label needs the labels of a labels file in which rows have threshold, otherwise or as; it can stand behind labels and top_k',
      );
    }
    const run = (value: Value) => {
      return (value as readonly Label[]).flatMap((label, place) => {
        if (Number.isNaN(label.score)) throw unusableScore(label.score, place);
        return judged(label, least, policies.get(label.label));
      });
    };
    const gives: LabelsType = { kind: 'labels', ...(classes === undefined ? {} : { classes }) };
    return { name: 'threshold', gives, runs: 'javascript', run };
  },
});

/** What comes of a label by its score: itself, what takes its place, or nothing. */
function judged(label: Label, least: number, policy: LabelPolicy | undefined): Label[] {
  const { threshold, otherwise, as }: Partial<LabelPolicy> = policy ?? {};
  const isBelow = label.score < (threshold ?? least);
  const instead = isBelow ? otherwise : as;
  if (instead !== undefined) return [labelled(instead, label.score)];
  return isBelow ? [] : [label];
}
