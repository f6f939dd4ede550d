/** Requests after which what was seen before counts for a third. */
const MEMORY = 128;
/** Of the batches, this share may fail: with fewer rows, too many executions; with more, too many rows run again. */
const FAILED_SHARE = 0.5;

/**
 * How often batches fail, and so how many rows they should hold. If each row fails a batch with the probability p, the
 * fewest executions for each row, those of the bisections included, come from batches of about ln 2 / p rows, of which
 * one in two fails (the size of groups in group testing: F. K. Hwang, "A method for detecting all defective members in
 * a population by group testing", 1972). The limit is where it sees that share of batches fail, so p need not be known.
 *
 * It grows back by itself with the requests that run well.
 */
export class PoisonRate {
  #requests = MEMORY;
  #failures = 0;

  /** A batch of requests that ran for the first time has come back. */
  note(requests: number, failed: boolean): void {
    const kept = (1 - 1 / MEMORY) ** requests;
    this.#requests = this.#requests * kept + requests;
    this.#failures = this.#failures * kept + Number(failed);
  }

  /** Rows that a batch should hold, at most: from 1 to `maxRows`. */
  limit(maxRows: number): number {
    const rows = Math.floor((FAILED_SHARE * this.#requests) / this.#failures);
    return Math.max(1, Math.min(maxRows, rows));
  }
}
