import type { WorkloadName } from './items.js';
import type { SoakResult } from './soak.js';
import { type SubjectName, subjectNames, subjects } from './subjects.js';
import type { Spread, Summary } from './summary.js';
import type { TargetResult } from './targets.js';

const NONE = '–';
const MEBIBYTE = 2 ** 20;

/** Who the subjects are, and how the figures are made. */
export function legend(): string {
  const width = Math.max(...subjectNames.map((name) => name.length));
  return [
    ...subjectNames.map((name) => `${name.padEnd(width)}  ${subjects[name]}`),
    `${'raw'.padEnd(width)}  session.run in a loop without HTTP, one thread for each session, at its best batch size`,
    '',
    'Medians of the rounds, in brackets the least and the most. "millrace ×" is millrace\'s throughput divided by',
    "the row's, round by round. Both set-ups of a baseline are shown; the targets are held against the harder, -fast.",
  ].join('\n');
}

/** The table of one model. */
export function modelTable(summary: Summary, workload: WorkloadName, connections: readonly number[]): string {
  const rows = connections.flatMap((count) =>
    subjectNames.map((subject) => subjectRow(summary, workload, subject, count)),
  );
  const most = Math.max(...connections);
  const raw = [1, 2].flatMap((sessions) => rawRow(summary, { workload, sessions, most }));
  const header = ['connections', 'subject', 'req/s', 'p50 ms', 'p99 ms', 'mean batch', 'RSS MiB', 'millrace ×'];
  const rates = summary.rawRates(workload, 1).map(({ batch, rate }) => `${batch}: ${whole(rate.median)}`);
  return [
    `## ${workload}`,
    '',
    markdownTable(header, [...rows, ...raw], 2),
    '',
    `raw, one session, items/s by batch size: ${rates.join(', ')}`,
    `raw's "millrace ×" is for millrace at ${most} connections.`,
  ].join('\n');
}

/** What was wanted, what was measured, and whether that is enough. */
export function targetTable(results: readonly TargetResult[]): string {
  const rows = results.map(({ target, wanted, measured, unit, met }) => [
    target,
    wanted,
    measured === undefined ? NONE : `${withRange(measured, (value) => value.toFixed(unit === 'ms' ? 3 : 2))} ${unit}`,
    met === undefined ? 'not measured' : met ? 'met' : 'MISSED',
  ]);
  return ['## Targets', '', markdownTable(['target', 'wanted', 'measured', ''], rows, 4)].join('\n');
}

/** One line about the memory under long load. */
export function soakLine({
  connections,
  seconds,
  perSecond,
  middleRssBytes,
  endRssBytes,
  samples,
}: SoakResult): string {
  const first = samples[0]?.rssBytes ?? null;
  return (
    `soak: ${seconds} s at ${connections} connections, ${whole(perSecond)} req/s; RSS ${mebibytes(first)} MiB after ` +
    `1 s, ${mebibytes(middleRssBytes)} in the middle, ${mebibytes(endRssBytes)} at the end`
  );
}

/** A number with a space between its thousands. */
export function whole(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
}

function subjectRow(summary: Summary, workload: WorkloadName, subject: SubjectName, connections: number): string[] {
  const point = { workload, subject, connections };
  const spread = (value: Parameters<Summary['spread']>[1]) => summary.spread(point, value);
  const perSecond = spread((row) => row.perSecond);
  const ratio = summary.timesThroughput({ ...point, subject: 'millrace' }, point);
  return [
    String(connections),
    subject,
    perSecond === undefined ? NONE : withRange(perSecond, whole),
    fixed(
      spread((row) => row.p50Ms),
      2,
    ),
    fixed(
      spread((row) => row.p99Ms),
      2,
    ),
    fixed(
      spread((row) => row.meanBatch),
      1,
    ),
    mebibytes(spread((row) => row.rssBytes)?.median ?? null),
    subject === 'millrace' ? '' : times(ratio),
  ];
}

function rawRow(
  summary: Summary,
  { workload, sessions, most }: { workload: WorkloadName; sessions: number; most: number },
): string[][] {
  const [best] = summary.rawRates(workload, sessions).toSorted((a, b) => b.rate.median - a.rate.median);
  if (best === undefined) return [];
  const ratio = summary.timesRaw({ workload, subject: 'millrace', connections: most }, sessions);
  const name = `raw, ${sessions} session${sessions === 1 ? '' : 's'}`;
  return [['', name, withRange(best.rate, whole), '', '', String(best.batch), '', times(ratio)]];
}

function fixed(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? NONE : spread.median.toFixed(digits);
}

function times(spread: Spread | undefined): string {
  return fixed(spread, spread !== undefined && spread.median < 0.1 ? 4 : 2);
}

function withRange({ median, min, max }: Spread, text: (value: number) => string): string {
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`;
}

function mebibytes(bytes: number | null): string {
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
