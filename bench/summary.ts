import type { WorkloadName } from './items.js';
import type { AnySubject, RawRow, Row } from './rounds.js';

/** What the rounds gave for one figure. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** All that is measured once in each round. */
export interface Point {
  readonly workload: WorkloadName;
  readonly subject: AnySubject;
  readonly connections: number;
}

type Value = (row: Row) => number | null;

/** Undefined if there is no value. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const median = medianOf(values);
  return median === undefined ? undefined : { median, min: Math.min(...values), max: Math.max(...values) };
}

/** The middle value, or the mean of the two in the middle; undefined if there is none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** The rounds of all measurements, to ask for figures. */
export class Summary {
  readonly #rows: readonly Row[];
  readonly #rawRows: readonly RawRow[];

  constructor(rows: readonly Row[], rawRows: readonly RawRow[]) {
    this.#rows = rows;
    this.#rawRows = rawRows;
  }

  spread(point: Point, value: Value): Spread | undefined {
    return spreadOf(this.#at(point).flatMap((row) => value(row) ?? []));
  }

  /** What `combine` gives for two points, round by round: a machine that drifts does so less within a round. */
  compare(one: Point, other: Point, combine: (one: Row, other: Row) => number): Spread | undefined {
    const others = this.#at(other);
    return spreadOf(
      this.#at(one).flatMap((row) => {
        const partner = others.find(({ round }) => round === row.round);
        return partner === undefined ? [] : combine(row, partner);
      }),
    );
  }

  /** How many times the other's throughput the one has. */
  timesThroughput(one: Point, other: Point): Spread | undefined {
    return this.compare(one, other, (one, other) => one.perSecond / other.perSecond);
  }

  /** How many times the raw loop's throughput at its best batch a point has, round by round. */
  timesRaw(point: Point, sessions: number): Spread | undefined {
    return spreadOf(
      this.#at(point).flatMap(({ round, perSecond }) => {
        const rates = this.#rawOf(point.workload, sessions).filter((row) => row.round === round);
        return rates.length === 0 ? [] : perSecond / Math.max(...rates.map(({ itemsPerSecond }) => itemsPerSecond));
      }),
    );
  }

  /** Items per second of the raw loop, by batch size. */
  rawRates(workload: WorkloadName, sessions: number): { batch: number; rate: Spread }[] {
    const rows = this.#rawOf(workload, sessions);
    return [...new Set(rows.map(({ batch }) => batch))]
      .toSorted((a, b) => a - b)
      .map((batch) => {
        const rates = rows.filter((row) => row.batch === batch).map(({ itemsPerSecond }) => itemsPerSecond);
        return { batch, rate: spreadOf(rates) as Spread };
      });
  }

  #at({ workload, subject, connections }: Point): Row[] {
    return this.#rows.filter(
      (row) => row.workload === workload && row.subject === subject && row.connections === connections,
    );
  }

  #rawOf(workload: WorkloadName, sessions: number): RawRow[] {
    return this.#rawRows.filter((row) => row.workload === workload && row.sessions === sessions);
  }
}
