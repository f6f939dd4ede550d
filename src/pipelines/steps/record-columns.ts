import { didYouMean } from '../../core/near-names.js';
import { writeNumber } from '../../tensor/number-element.js';
import type { Tensor } from '../../tensor/tensor.js';
import { StepError } from '../step.js';
import type { ColumnConfig } from './column-config.js';

/** Categories that an error lists. */
const MAX_LISTED = 20;

/** A column ready to write its values. */
export interface Column {
  readonly name: string;
  /** How many elements of its tensor it takes. */
  readonly width: number;
  /** A typical value. */
  readonly example: unknown;
  /**
   * Writes a value as elements `at` to `at + width` of a tensor.
   *
   * @param cell undefined if the record has no such column
   * @returns what was expected, if that is not it
   */
  write(cell: unknown, target: Target, at: number): string | undefined;
}

/** A tensor that is being filled. */
export type Target = Pick<Tensor, 'datatype' | 'data'>;

/** Makes a column of its configuration. */
export function columnFrom(config: ColumnConfig): Column {
  switch (config.type) {
    case 'number':
      return numberColumn(config);
    case 'boolean':
      return booleanColumn(config);
    case 'category':
      return categoryColumn(config, config.categories ?? []);
    case 'text':
      return textColumn(config);
  }
}

function numberColumn({ name, min, max, scale = 1, offset = 0, missing, example }: ColumnConfig): Column {
  const range = { min: min ?? -Infinity, max: max ?? Infinity };
  const expected = `a number${rangeText(min, max)}`;
  const fill = typeof missing === 'number' ? missing : Number.NaN;
  return {
    name,
    width: 1,
    example: example ?? Math.min(Math.max(1, range.min), range.max),
    write: (cell, target, at) => {
      if (isMissing(cell) && missing !== 'error') return write(target, at, fill * scale + offset);
      if (typeof cell !== 'number' || !Number.isFinite(cell) || cell < range.min || cell > range.max) return expected;
      return write(target, at, cell * scale + offset);
    },
  };
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

function booleanColumn({ name, missing, example }: ColumnConfig): Column {
  const fill = typeof missing === 'number' ? missing : Number.NaN;
  return {
    name,
    width: 1,
    example: example ?? true,
    write: (cell, target, at) => {
      if (isMissing(cell) && missing !== 'error') return write(target, at, fill);
      return typeof cell === 'boolean' ? write(target, at, Number(cell)) : 'true or false';
    },
  };
}

function categoryColumn(config: ColumnConfig, categories: readonly unknown[]): Column {
  const { name, encoding = 'index', unknown = 'error', missing, example } = config;
  const indices = new Map(categories.map((category, index) => [category, index]));
  if (indices.size < categories.length) throw new StepError(`column ${name}: a category is listed twice`);
  const hasOther = unknown === 'other' || missing === 'other';
  const count = categories.length + (hasOther ? 1 : 0);
  // An index that stands for what is none; NaN is one too, and undefined is an error.
  const indexFor = (rule: ColumnConfig['missing']): number | undefined => {
    if (rule === 'error') return undefined;
    if (rule === 'other') return categories.length;
    if (rule === 'nan') return Number.NaN;
    if (Number.isInteger(rule) && rule >= -1 && rule < count) return rule;
    throw new StepError(`column ${name}: ${rule} is not the index of a category, nor -1`);
  };
  const [forUnknown, forMissing] = [indexFor(unknown), indexFor(missing)];
  return {
    name,
    width: encoding === 'index' ? 1 : count,
    example: example ?? categories[0],
    write: (cell, target, at) => {
      const index = indices.get(cell) ?? (isMissing(cell) ? forMissing : forUnknown);
      if (index === undefined) return categoryText(cell, categories);
      if (encoding === 'index') return write(target, at, index);
      // The tensor is all zeros until then.
      return index === -1 ? undefined : write(target, at + index, 1);
    },
  };
}

function categoryText(cell: unknown, categories: readonly unknown[]): string {
  const listed = categories.slice(0, MAX_LISTED).map((category) => JSON.stringify(category));
  const more = categories.length > MAX_LISTED ? ` or one of ${categories.length - MAX_LISTED} more` : '';
  const names = categories.filter((category) => typeof category === 'string');
  return `one of ${listed.join(', ')}${more}${typeof cell === 'string' ? didYouMean(cell, names) : ''}`;
}

function textColumn({ name, example }: ColumnConfig): Column {
  return {
    name,
    width: 1,
    example: example ?? 'text',
    write: (cell, { data }, at) => {
      // ONNX Runtime's strings are UTF-8 that ends at the first NUL.
      if (typeof cell !== 'string' || cell.includes('\0') || !cell.isWellFormed()) {
        return 'a string of valid Unicode without NUL';
      }
      (data as string[])[at] = cell;
      return undefined;
    },
  };
}

/** What a record has where nobody knows the value; an empty string is what an empty cell of a table becomes. */
function isMissing(cell: unknown): boolean {
  return cell === undefined || cell === null || cell === '';
}

function write(target: Target, at: number, value: number): string | undefined {
  if (writeNumber(target, at, value)) return undefined;
  return `a ${/INT/.test(target.datatype) ? 'whole ' : ''}number that ${target.datatype} can hold`;
}
