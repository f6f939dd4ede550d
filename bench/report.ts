import { fixed, markdownTable, mebibytes, NONE, times, whole, withRange } from './figures.js';
import type { WorkloadName } from './items.js';
import type { Environment } from './results-file.js';
import type { AnySubject } from './rounds.js';
import type { SoakResult } from './soak.js';
import type { Point, Summary } from './summary.js';
import type { TargetResult } from './targets.js';

/** What a table shows of one model or of several. */
interface Table<Workloads, Connections> {
  readonly workload: Workloads;
  readonly names: readonly AnySubject[];
  readonly connections: Connections;
}

/** What was run where. */
export function headline(command: string, { node, processors, processor, loadGenerator }: Environment): string {
  return `# millrace ${command}: Node ${node}, ${processors} × ${processor}, ${loadGenerator}`;
}

/** Who the subjects are, and how the figures are made. */
export function legend(about: Readonly<Record<string, string>>, baselines: boolean): string {
  const width = Math.max(...Object.keys(about).map((name) => name.length));
  const line = (name: string, text: string) => `${name.padEnd(width)}  ${text}`;
  const raw = 'session.run in a loop without HTTP, one thread for each session, at its best batch size';
  return [
    ...Object.entries(about).map(([name, text]) => line(name, text)),
    ...(baselines ? [line('raw', raw)] : []),
    '',
    'Medians of the rounds, in brackets the least and the most. "millrace ×" is millrace\'s throughput divided by',
    "the row's, round by round.",
    ...(baselines ? ['Both set-ups of a baseline are shown; the targets are held against the harder, -fast.'] : []),
  ].join('\n');
}

/** The table of one model. */
export function modelTable(
  summary: Summary,
  { workload, names, connections }: Table<WorkloadName, readonly number[]>,
): string {
  const rows = connections.flatMap((count) =>
    names.map((subject) => subjectRow(summary, { workload, subject, connections: count })),
  );
  const most = Math.max(...connections);
  const raw = [1, 2].flatMap((sessions) => rawRow(summary, { workload, sessions, most }));
  const header = ['connections', 'subject', 'req/s', 'p50 ms', 'p99 ms', 'mean batch', 'RSS MiB', 'millrace ×'];
  const table = [`## ${workload}`, '', markdownTable(header, [...rows, ...raw], 2)];
  if (raw.length === 0) return table.join('\n');
  const rates = summary.rawRates(workload, 1).map(({ batch, rate }) => `${batch}: ${whole(rate.median)}`);
  return [
    ...table,
    '',
    `raw, one session, items/s by batch size: ${rates.join(', ')}`,
    `raw's "millrace ×" is for millrace at ${most} connections.`,
  ].join('\n');
}

/** Requests per second of each subject on each model, and how many times as many millrace answers. */
export function crossTable(
  summary: Summary,
  { workload: workloads, names, connections }: Table<readonly WorkloadName[], number>,
): string {
  const cells = (subject: AnySubject) =>
    workloads.flatMap((workload) => {
      const point = { workload, subject, connections };
      const perSecond = summary.spread(point, (row) => row.perSecond);
      const ratio = summary.timesThroughput({ ...point, subject: 'millrace' }, point);
      return [perSecond === undefined ? NONE : whole(perSecond.median), subject === 'millrace' ? '' : times(ratio)];
    });
  const rows = names.map((subject) => [subject, ...cells(subject)]);
  const header = ['subject', ...workloads.flatMap((workload) => [`${workload}, req/s`, 'millrace ×'])];
  return [`## All models, ${connections} connections`, '', markdownTable(header, rows, 1)].join('\n');
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

function subjectRow(summary: Summary, point: Point): string[] {
  const { subject, connections } = point;
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
