import { didYouMean } from '../../core/near-names.js';
import { shown } from '../../core/zod-issues.js';
import { shapeText, type TensorSpec } from '../../model/signature.js';
import { allocate, type Datatype } from '../../tensor/datatype.js';
import { elementCount } from '../../tensor/tensor.js';
import { StepError } from '../step.js';
import type { ColumnConfig } from './column-config.js';
import { type Column, columnFrom } from './record-columns.js';

/** A column where it stands among the tensors that are made. */
export interface PlacedColumn extends Column {
  /** The model's input that takes it. */
  readonly input: string;
  /** Its first element there. */
  readonly at: number;
}

/** What the columns of one input become. */
export interface FilledTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Of one item, without the batch axis. */
  readonly shape: readonly number[];
}

export interface RecordLayout {
  readonly columns: readonly PlacedColumn[];
  /** One for each input of the model. */
  readonly tensors: readonly FilledTensor[];
}

/**
 * Gives each column its place: in the order of the configuration, one behind the other in the input that takes them.
 *
 * @throws StepError if the columns and the model's inputs do not go together
 */
export function layOut(configs: readonly ColumnConfig[], inputs: readonly TensorSpec[]): RecordLayout {
  const sizes = new Map<TensorSpec, number>();
  const names = new Set<string>();
  const columns = configs.map((config): PlacedColumn => {
    if (names.has(config.name)) throw new StepError(`two columns are called ${config.name}`);
    names.add(config.name);
    const spec = inputFor(config, inputs);
    const column = columnFrom(config);
    tryOut(column, config, spec);
    const at = sizes.get(spec) ?? 0;
    sizes.set(spec, at + column.width);
    return { ...column, input: spec.name, at };
  });
  const tensors = inputs.map((spec): FilledTensor => {
    return { name: spec.name, datatype: spec.datatype, shape: shapeFor(spec, sizes.get(spec) ?? 0) };
  });
  return { columns, tensors };
}

function inputFor({ name, input }: ColumnConfig, inputs: readonly TensorSpec[]): TensorSpec {
  const spec = inputs.length === 1 && input === undefined ? inputs[0] : inputs.find((each) => each.name === input);
  if (spec !== undefined) return spec;
  const names = inputs.map((each) => each.name);
  const problem =
    input === undefined ? 'it must name its input' : `there is no input ${input}${didYouMean(input, names)}`;
  throw new StepError(`column ${name}: ${problem}; the model's inputs are ${names.join(', ')}`);
}

/** Refuses what the datatype of the input will not hold, as far as the configuration alone tells. */
function tryOut(column: Column, config: ColumnConfig, { name, datatype }: TensorSpec): void {
  const { categories = [], missing, unknown = 'error', type } = config;
  if ((datatype === 'BYTES') !== (type === 'text')) {
    throw new StepError(`column ${config.name} is of type ${type}, but the input ${name} takes ${datatype}`);
  }
  const scratch = { datatype, data: allocate(datatype, column.width) };
  const cells: unknown[] = [...categories];
  if (missing !== 'error') cells.push(null);
  // An array is none of the categories.
  if (unknown !== 'error') cells.push([]);
  for (const cell of cells) {
    if (column.write(cell, scratch, 0) === undefined) continue;
    const what = cell === null ? 'a missing value' : Array.isArray(cell) ? 'an unknown category' : shown(cell);
    throw new StepError(`column ${config.name}: ${what} would become what ${datatype} does not hold`);
  }
}

/** The shape for `size` elements in a row: the input's own, if they fill it. */
function shapeFor({ name, shape }: TensorSpec, size: number): readonly number[] {
  if (size === 0) throw new StepError(`no column is for the model's input ${name}`);
  if (shape.length === 1 && typeof shape[0] !== 'number') return [size];
  const fixed = shape.filter((dimension) => typeof dimension === 'number');
  if (fixed.length === shape.length && elementCount(fixed) === size) return fixed;
  const columns = size === 1 ? '1 element' : `${size} elements`;
  throw new StepError(`the columns make ${columns}, but the model's input ${name} takes ${shapeText(shape)}`);
}
