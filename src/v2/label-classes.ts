import type { Label } from '../pipelines/value-type.js';
import { floatText } from '../tensor/float-text.js';
import type { V2Tensor } from './infer-request.js';

/** What Triton's clients read where a label stands for no class. */
const NO_CLASS = -1;

/**
 * Labels by Triton's classification extension: BYTES `score:class:label`. A label that stands for no class of the
 * labels file, as one that another took the place of, has the class -1. Items with fewer labels than others of the
 * request have empty elements at the end.
 *
 * @param items the labels of each item, the highest score first
 */
export function labelClasses(
  name: string,
  items: readonly (readonly Label[])[],
  { classes, labels }: { classes: number; labels: readonly string[] | undefined },
): V2Tensor {
  const count = Math.min(
    classes,
    items.reduce((most, { length }) => Math.max(most, length), 0),
  );
  const data = items.flatMap((item) => {
    return Array.from({ length: count }, (_, place) => {
      const label = item[place];
      return label === undefined ? '' : classText(label, labels);
    });
  });
  return { name, datatype: 'BYTES', shape: [items.length, count], data };
}

function classText({ label, score }: Label, labels: readonly string[] | undefined): string {
  // Without a file of them labels are the numbers of classes.
  const place = labels === undefined && /^\d{1,9}$/.test(label) ? Number(label) : (labels?.indexOf(label) ?? NO_CLASS);
  return `${Math.fround(score) === score ? floatText(score) : score}:${place}:${label}`;
}
