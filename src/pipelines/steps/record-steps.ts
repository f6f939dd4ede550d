import { z } from 'zod';
import { MillraceError } from '../../core/errors.js';
import { didYouMean } from '../../core/near-names.js';
import { shown } from '../../core/zod-issues.js';
import { allocate } from '../../tensor/datatype.js';
import { elementCount, type NamedTensors, type Tensor } from '../../tensor/tensor.js';
import { StepError, type StepKind, stepKind } from '../step.js';
import type { Values, ValueType } from '../value-type.js';
import { columnSchema } from './column-config.js';
import { layOut, type RecordLayout } from './record-layout.js';

const MAX_COLUMNS = 10_000;
/** Names of columns that an error lists. */
const MAX_LISTED = 20;

const columnsSchema = z.strictObject({
  columns: z
    .array(z.union([z.string().min(1).max(128), columnSchema]))
    .min(1)
    .max(MAX_COLUMNS)
    .describe('The columns in the order in which the model takes them; a name alone is a column of numbers'),
});

const columnsStep = stepKind({
  name: 'columns',
  summary:
    'Turns a record, an object by the names of its columns or an array in their order, into the elements of the ' +
    "model's input, or of its inputs where each column names the one that takes it",
  takes: ['record'],
  gives: ['tensor', 'tensors'],
  options: columnsSchema,
  shorthand: 'columns',
  resolve: ({ columns }, _given, { inputs }) => {
    const configs = columns.map((column) =>
      typeof column === 'string' ? columnSchema.parse({ name: column }) : column,
    );
    const layout = layOut(configs, inputs);
    const reader = new RecordReader(layout);
    const sample = Object.fromEntries(layout.columns.map(({ name, example }) => [name, example]));
    checkSample(reader, sample);
    const only = layout.tensors.length === 1 ? layout.tensors[0] : undefined;
    return {
      name: 'columns',
      gives: typeOf(layout),
      runs: 'javascript',
      run: (value) => {
        const tensors = reader.read(value as Values['record']);
        return (only === undefined ? undefined : tensors[only.name]) ?? tensors;
      },
      effort: () => configs.length,
      sample: () => sample,
    };
  },
});

function typeOf({ tensors }: RecordLayout): ValueType {
  const [only] = tensors;
  if (only !== undefined && tensors.length === 1) return { kind: 'tensor', datatype: only.datatype, shape: only.shape };
  const types = tensors.map(({ name, datatype, shape }) => [name, { datatype, shape }] as const);
  return { kind: 'tensors', tensors: Object.fromEntries(types) };
}

function checkSample(reader: RecordReader, sample: Values['record']): void {
  try {
    reader.read(sample);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { path = '', expected, got } = error.details;
    throw new StepError(`column ${path.slice(1)} needs an example that is ${expected}, and not ${got}`);
  }
}

/** Reads records into tensors. */
class RecordReader {
  readonly #layout: RecordLayout;
  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;

  constructor(layout: RecordLayout) {
    this.#layout = layout;
    this.#names = layout.columns.map(({ name }) => name);
    this.#known = new Set(this.#names);
  }

  /**
   * @returns the model's inputs for one item, without a batch axis
   * @throws MillraceError INVALID_INPUT that names the column
   */
  read(record: Values['record']): NamedTensors {
    const { columns, tensors } = this.#layout;
    const cells = isArray(record) ? this.#inOrder(record) : this.#byName(record);
    const filled = Object.fromEntries(
      tensors.map(({ name, datatype, shape }) => [
        name,
        { datatype, shape, data: allocate(datatype, elementCount(shape)) },
      ]),
    );
    for (const [index, { name, input, at, write }] of columns.entries()) {
      const expected = write(cells[index], filled[input] as Tensor, at);
      if (expected === undefined) continue;
      const path = isArray(record) ? `[${index}]` : `.${name}`;
      throw invalid(`The column ${name} is not what the model takes.`, { path, expected, got: shown(cells[index]) });
    }
    return filled;
  }

  #inOrder(record: readonly unknown[]): readonly unknown[] {
    const count = this.#names.length;
    if (record.length === count) return record;
    const expected = `${count === 1 ? '1 value' : `${count} values`}: ${this.#listed()}`;
    throw invalid('The record does not have one value for each column.', { path: '', expected, got: shown(record) });
  }

  #byName(record: Readonly<Record<string, unknown>>): readonly unknown[] {
    for (const name of Object.keys(record)) {
      if (this.#known.has(name)) continue;
      const text = `The model has no such column${didYouMean(name, this.#names)}.`;
      throw invalid(text, { path: `.${name.slice(0, 128)}`, expected: this.#listed(), got: 'another name' });
    }
    // What a record inherits, such as `constructor`, is none of its columns.
    return this.#names.map((name) => (Object.hasOwn(record, name) ? record[name] : undefined));
  }

  #listed(): string {
    const more = this.#names.length - MAX_LISTED;
    return `${this.#names.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}

/** `Array.isArray` does not tell TypeScript of read-only arrays. */
function isArray(record: Values['record']): record is readonly unknown[] {
  return Array.isArray(record);
}

function invalid(message: string, details: { path: string; expected: string; got: string }): MillraceError {
  return new MillraceError('INVALID_INPUT', message, details);
}

export const recordSteps: readonly StepKind[] = [columnsStep];
