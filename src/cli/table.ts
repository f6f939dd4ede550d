import Table from 'cli-table3';
import { printable } from './printable.js';

const GAP = '  ';

/** Parts of a frame that cli-table3 would draw. */
const frame = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
] as const;

/** Rows of cells, each row as long as the others. */
export interface TableText {
  readonly head?: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns whose cells stand on the right: numbers, by their index. */
  readonly right?: readonly number[];
}

/** Writes a table without a frame; its columns are as wide as what is in them, and its cells printable. */
export function tableText({ head = [], rows, right = [] }: TableText): string {
  const table = new Table({
    head: head.map(printable),
    chars: { ...Object.fromEntries(frame.map((part) => [part, ''])), middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: (rows[0] ?? head).map((_, column) => (right.includes(column) ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
