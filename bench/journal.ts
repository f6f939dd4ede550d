import { whole } from './figures.js';
import type { WorkloadName } from './items.js';
import type { AnySubject, Journal, RawRow, Row } from './rounds.js';

/** A subject that could not be measured, on one model or on all. */
export interface Loss {
  readonly subject: AnySubject;
  readonly workload: WorkloadName | null;
  readonly reason: string;
}

/** Keeps all that is measured, and tells of it while it is. */
export class Notebook implements Journal {
  readonly rows: Row[] = [];
  readonly rawRows: RawRow[] = [];
  readonly faults: string[] = [];

  row(row: Row): void {
    const { round, workload, subject, connections, perSecond, p50Ms } = row;
    this.rows.push(row);
    say(
      `round ${round}, ${workload}, ${subject} at ${connections}: ${whole(perSecond)} req/s, p50 ${p50Ms.toFixed(2)} ms`,
    );
  }

  rawRow(row: RawRow): void {
    this.rawRows.push(row);
  }

  fault(text: string): void {
    this.faults.push(text);
    say(`FAULT: ${text}`);
  }

  lost(_subject: AnySubject, _workload: WorkloadName, error: Error): void {
    throw error;
  }
}

/** The same, for a run that goes on without a subject. */
export class TolerantNotebook extends Notebook {
  readonly losses: Loss[] = [];

  override lost(subject: AnySubject, workload: WorkloadName | null, { message }: Error): void {
    this.losses.push({ subject, workload, reason: message });
    const [summary, ...output] = message.split('\n');
    this.fault(`${subject} is left out${workload === null ? '' : ` of ${workload}`}: ${summary}`);
    if (output.length > 0) say(output.join('\n'));
  }
}

/** Progress goes to standard error. */
export function say(text: string): void {
  console.error(`bench: ${text}`);
}
