import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { reasonOf } from '../../core/errors.js';
import { describeIssues, shown } from '../../core/zod-issues.js';
import { StepError } from '../step.js';
import type { LabelPolicy, LabelRow } from '../value-type.js';

/** What a labels file says of the classes of a model. */
export interface LabelsFile {
  /** What stands in the answer for each class, its score apart. */
  readonly rows: readonly LabelRow[];
  /** By label; undefined if the file says nothing of the kind. */
  readonly policies: ReadonlyMap<string, LabelPolicy> | undefined;
}

const score = z.undefined('expected no score: it comes from the model').exactOptional();
const nothingInside = z.undefined('expected nothing of the kind inside otherwise or as').exactOptional();

const replacementSchema = z.looseObject({
  label: z.string(),
  score,
  threshold: nothingInside,
  otherwise: nothingInside,
  as: nothingInside,
});

const rowSchema = z.looseObject({
  label: z.string(),
  score,
  threshold: z.number().exactOptional(),
  otherwise: replacementSchema.exactOptional(),
  as: replacementSchema.exactOptional(),
});

const rowsSchema = z.array(
  z.union([z.string().transform((label): z.output<typeof rowSchema> => ({ label })), rowSchema]),
);

/**
 * Reads a labels file. It is a JSON array with a label for each class, as a string or as an object of `label` and
 * whatever else answers are to say of it; or an object of them by class number, which may be the member `id2label`, as
 * in a config.json of Hugging Face. The members `threshold`, `otherwise` and `as` of a row are its policy and never
 * come into an answer.
 *
 * @param name how messages call the file
 * @throws StepError that names the row if it is anything else
 */
export function readLabelsFile(name: string, content: Uint8Array): LabelsFile {
  const list = inOrder(name, parse(name, content));
  if (list.length === 0) throw new StepError(`${name}: expected a label for each class; got none`);
  const checked = rowsSchema.safeParse(list);
  if (!checked.success) {
    const problems = describeIssues(checked.error, rowsSchema, list);
    throw new StepError(problems.map(({ path, message }) => `${name}${path}: ${message}`).join('; '));
  }
  const policies = new Map<string, LabelPolicy>();
  const rows = checked.data.map(({ threshold, otherwise, as, ...row }): LabelRow => {
    const policy = { threshold, otherwise, as };
    if (!isDeepStrictEqual(policies.get(row.label) ?? policy, policy)) {
      throw new StepError(`${name}: two rows of the label ${row.label} differ in threshold, otherwise or as`);
    }
    policies.set(row.label, policy);
    return row;
  });
  const says = [...policies.values()].some((policy) => Object.values(policy).some((part) => part !== undefined));
  return { rows, policies: says ? policies : undefined };
}

function parse(name: string, content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (error) {
    throw new StepError(`${name}: expected JSON; ${reasonOf(error)}`);
  }
}

/** The rows as a list, in the order of the classes. */
function inOrder(name: string, document: unknown): readonly unknown[] {
  const rows = isObject(document) && 'id2label' in document ? document['id2label'] : document;
  if (Array.isArray(rows)) return rows;
  if (!isObject(rows)) {
    throw new StepError(`${name}: expected an array of labels, or an object of labels by class; got ${shown(rows)}`);
  }
  return Array.from(Object.keys(rows), (_, index) => {
    if (Object.hasOwn(rows, index)) return rows[index];
    throw new StepError(`${name}: expected labels of the classes from 0 on; there is none of class ${index}`);
  });
}

function isObject(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null;
}
