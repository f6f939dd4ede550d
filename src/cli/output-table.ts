import { z } from 'zod';
import { jsonMembers } from './json-members.js';
import { cut, printable, shortJson } from './printable.js';
import { tableText } from './table.js';

/** Characters of a value that stands alone, of one beside others, and of a detail of a label. */
const WIDE = 400;
const NARROW = 80;
const DETAIL = 40;
const SCORE_DECIMALS = 4;

const labelsSchema = z.array(z.looseObject({ label: z.string(), score: z.number() }));

type Label = z.output<typeof labelsSchema>[number];

/** What became of one of several items: the output as JSON, or why there is none. */
export interface OutputRow {
  readonly name: string;
  readonly output: string | undefined;
  /** In a word, if there is no output. */
  readonly failure?: string;
}

/** The output of one item for people: labels as rows, else the members of an object as rows, else the text or the JSON. */
export function outputText(json: string): string {
  const value: unknown = JSON.parse(json);
  const labels = labelsIn(value);
  if (labels !== undefined) return labelTable(labels);
  const members = [...(jsonMembers(json) ?? [])];
  if (members.length > 0) {
    return tableText({ rows: members.map(([name, member]) => [name, shortJson(member, WIDE)]) });
  }
  return typeof value === 'string' ? value.split('\n').map(printable).join('\n') : shortJson(json, WIDE);
}

/**
 * The outputs of several items for people, a row each: where all are labels the best one, else the output as short JSON.
 *
 * @param title what the items are called: `file` or `input`
 */
export function outputsText(rows: readonly OutputRow[], title: string): string {
  const read = rows.map(({ output }) => (output === undefined ? [] : labelsOrNone(JSON.parse(output))));
  const all = read.every((labels) => labels !== undefined) ? read : [];
  const details = detailsOf(all.flat());
  const isLabelled = all.some((labels) => labels.length > 0);
  const cells = rows.map(({ name, output, failure = '' }, index): string[] => {
    const none = isLabelled ? ['', ...details.map(() => '')] : [];
    if (output === undefined) return [name, failure, ...none];
    if (!isLabelled) return [name, shortJson(output, NARROW)];
    const best = all[index]?.reduce<Label | undefined>(
      (a, b) => (a === undefined || b.score > a.score ? b : a),
      undefined,
    );
    return [name, ...(best === undefined ? ['(no label)', ...none] : labelCells(best, details))];
  });
  const head = isLabelled ? [title, 'label', 'score', ...details] : [title, 'output'];
  return tableText({ head, rows: cells, right: isLabelled ? [2] : [] });
}

function labelTable(labels: readonly Label[]): string {
  const details = detailsOf(labels);
  const rows = labels.map((label) => labelCells(label, details));
  return tableText({ head: ['label', 'score', ...details], rows, right: [1] });
}

function labelCells({ label, score, ...more }: Label, details: readonly string[]): string[] {
  const detail = (value: unknown) =>
    typeof value === 'string' ? cut(value, DETAIL) : shortJson(JSON.stringify(value) ?? '', DETAIL);
  return [label, score.toFixed(SCORE_DECIMALS), ...details.map((key) => detail(more[key]))];
}

/** What labels say besides their name and score. */
function detailsOf(labels: readonly Label[]): string[] {
  const keys = new Set(labels.flatMap((label) => Object.keys(label)));
  return [...keys].filter((key) => key !== 'label' && key !== 'score');
}

/** A list of labels; an empty one may be anything. */
function labelsIn(value: unknown): Label[] | undefined {
  const labels = labelsOrNone(value);
  return labels?.length === 0 ? undefined : labels;
}

function labelsOrNone(value: unknown): Label[] | undefined {
  const { success, data } = labelsSchema.safeParse(value);
  return success ? data : undefined;
}
