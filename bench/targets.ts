import type { WorkloadName } from './items.js';
import type { SoakResult } from './soak.js';
import type { SubjectName } from './subjects.js';
import type { Point, Spread, Summary } from './summary.js';

/** Something the project wants to be true, with what was measured. */
export interface TargetResult {
  readonly target: string;
  readonly wanted: string;
  /** The median of the rounds decides; undefined if this run did not measure it. */
  readonly measured: Spread | undefined;
  readonly unit: '×' | 'ms' | '%';
  readonly met: boolean | undefined;
}

interface TargetSpec {
  readonly target: string;
  readonly unit: TargetResult['unit'];
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly below?: number;
  readonly measure: (summary: Summary, soak: SoakResult | undefined) => Spread | undefined;
}

/** Where there are two set-ups of a baseline, the harder one decides, and the other one is not a target. */
const targets: readonly TargetSpec[] = [
  {
    target: 'mlp, 128 connections: throughput against handler-fast',
    unit: '×',
    atLeast: 3,
    measure: (summary) => summary.timesThroughput(millrace('mlp', 128), at('mlp', 'handler-fast', 128)),
  },
  {
    target: 'mlp, 128 connections: throughput against raw, one session at its best batch',
    unit: '×',
    atLeast: 0.5,
    measure: (summary) => summary.timesRaw(millrace('mlp', 128), 1),
  },
  {
    target: 'penguins, 128 connections: throughput against constant-fast',
    unit: '×',
    atLeast: 0.6,
    measure: (summary) => summary.timesThroughput(millrace('penguins', 128), at('penguins', 'constant-fast', 128)),
  },
  {
    target: 'penguins, 1 connection: p50 beyond that of handler-fast',
    unit: 'ms',
    atMost: 0.2,
    measure: (summary) =>
      summary.compare(
        millrace('penguins', 1),
        at('penguins', 'handler-fast', 1),
        (millrace, handler) => millrace.p50Ms - handler.p50Ms,
      ),
  },
  {
    target: 'symbols, 128 connections, 7 kB of numbers: throughput against handler-fast',
    unit: '×',
    atLeast: 2,
    measure: (summary) => summary.timesThroughput(millrace('symbols', 128), at('symbols', 'handler-fast', 128)),
  },
  {
    target: 'penguins, 128 connections: RSS growth over the second of two minutes',
    unit: '%',
    below: 10,
    measure: (_summary, soak) => {
      if (soak === undefined || soak.growth === null) return undefined;
      const percent = soak.growth * 100;
      return { median: percent, min: percent, max: percent };
    },
  },
];

/** Holds the measurements against every target. */
export function judgeTargets(summary: Summary, soak: SoakResult | undefined): TargetResult[] {
  return targets.map((spec) => {
    const measured = spec.measure(summary, soak);
    return {
      target: spec.target,
      wanted: wantedText(spec),
      measured,
      unit: spec.unit,
      met: measured === undefined ? undefined : isMet(spec, measured.median),
    };
  });
}

function isMet({ atLeast = -Infinity, atMost = Infinity, below = Infinity }: TargetSpec, value: number): boolean {
  return value >= atLeast && value <= atMost && value < below;
}

function wantedText({ atLeast, atMost, below, unit }: TargetSpec): string {
  if (atLeast !== undefined) return `≥ ${atLeast} ${unit}`;
  return atMost !== undefined ? `≤ ${atMost} ${unit}` : `< ${below} ${unit}`;
}

function millrace(workload: WorkloadName, connections: number): Point {
  return at(workload, 'millrace', connections);
}

function at(workload: WorkloadName, subject: SubjectName, connections: number): Point {
  return { workload, subject, connections };
}
