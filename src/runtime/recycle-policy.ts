import type { RecycleConfig } from './runtime-config.js';

/** Executions that the rate of failures is taken from. */
const WINDOW = 20;

/** Why an instance is replaced while it works. */
export type RecycleReason = 'runs' | 'memory' | 'errors';

/** What an instance has been through since it was ready. */
export class InstanceRecord {
  #runs = 0;
  #firstBytes: number | undefined;
  #bytes: number | undefined;
  #failures: boolean[] = [];

  /** An execution is over. `residentBytes` is what the instance's process holds now, if it has one. */
  note(failed: boolean, residentBytes: number | undefined): void {
    this.#runs += 1;
    this.#firstBytes ??= residentBytes;
    this.#bytes = residentBytes;
    this.#failures = [...this.#failures.slice(1 - WINDOW), failed];
  }

  /** Why the instance is to be replaced now, if it is. */
  reasonToRecycle({ runs, resident_growth_bytes: growth, error_rate: rate }: RecycleConfig): RecycleReason | undefined {
    if (runs !== undefined && this.#runs >= runs) return 'runs';
    const grown = (this.#bytes ?? 0) - (this.#firstBytes ?? 0);
    if (growth !== undefined && grown >= growth) return 'memory';
    const failed = this.#failures.filter(Boolean).length;
    const isKnown = this.#failures.length === WINDOW;
    return rate !== undefined && isKnown && failed >= rate * WINDOW ? 'errors' : undefined;
  }
}
