/* Figures as people read them. */
import type { Spread } from './summary.js';

/** Where there is no figure. */
export const NONE = '–';

const MEBIBYTE = 2 ** 20;

/** A number with a space between its thousands. */
export function whole(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** The median. */
export function fixed(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? NONE : spread.median.toFixed(digits);
}

/** A ratio, small ones with more digits. */
export function times(spread: Spread | undefined): string {
  return fixed(spread, spread !== undefined && spread.median < 0.1 ? 4 : 2);
}

/** The median, and in brackets the least and the most. */
export function withRange({ median, min, max }: Spread, text: (value: number) => string): string {
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`;
}

export function mebibytes(bytes: number | null): string {
  return bytes === null ? NONE : whole(bytes / MEBIBYTE);
}

/** A table in Markdown that is aligned for the terminal as well; columns from `firstNumber` on stand to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  firstNumber: number,
): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (column < firstNumber ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < firstNumber ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
