import type { ItemInput } from './item-input.js';
import type { Prediction } from './model-client.js';
import { outputsText, outputText } from './output-table.js';
import { duration, jsonLine, printable } from './printable.js';
import { ProblemError } from './problem-error.js';
import { remark, type StatusLine } from './status-line.js';

/** An item, and what came of it. */
export interface ItemResult {
  readonly input: ItemInput;
  readonly outcome: Prediction | ProblemError;
}

/** What is reported of. */
export interface ReportedItems {
  readonly model: string;
  readonly total: number;
  /** For programs: a line for each item, as soon as it is there. For people: all together at the end. */
  readonly isJson: boolean;
}

/** Tells what came of each item: outputs on standard output, what is wrong and how it went on standard error. */
export class ItemReport {
  readonly #items: ReportedItems;
  readonly #status: StatusLine;
  readonly #results: ItemResult[] = [];
  readonly #startedAt = performance.now();
  #failures = 0;

  constructor(items: ReportedItems, status: StatusLine) {
    this.#items = items;
    this.#status = status;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Items come in their order. */
  add(result: ItemResult): void {
    const { outcome } = result;
    if (outcome instanceof ProblemError) this.#failures += 1;
    if (!this.#items.isJson) {
      this.#results.push(result);
      return;
    }
    const json = outcome instanceof ProblemError ? JSON.stringify({ error: outcome.problem }) : outcome.output;
    this.#status.clear();
    console.log(jsonLine(json));
  }

  /** All items have come. */
  end(): void {
    this.#status.clear();
    if (this.#items.isJson) return;
    const [first] = this.#results;
    if (this.#items.total > 1) console.log(this.#table());
    else if (first !== undefined && !(first.outcome instanceof ProblemError))
      console.log(outputText(first.outcome.output));
    for (const result of this.#results) this.#tellFailure(result);
    const summary = this.#items.total > 1 ? this.#summary() : this.#timing(first?.outcome);
    if (summary !== undefined) remark(summary);
  }

  #table(): string {
    const areFiles = this.#results.every(({ input }) => input.from === 'file');
    const rows = this.#results.map(({ input: { name }, outcome }) =>
      outcome instanceof ProblemError
        ? { name, output: undefined, failure: `failed: ${printable(outcome.problem.code)}` }
        : { name, output: outcome.output },
    );
    return outputsText(rows, areFiles ? 'file' : 'input');
  }

  #tellFailure({ input: { name, from }, outcome }: ItemResult): void {
    if (!(outcome instanceof ProblemError)) return;
    // A single literal stands in the command itself.
    const isNamed = from !== 'literal' || this.#items.total > 1;
    console.error(`millrace: ${printable(isNamed ? `${name}: ${outcome.message}` : outcome.message)}`);
  }

  #timing(outcome: ItemResult['outcome'] | undefined): string | undefined {
    if (outcome === undefined || outcome instanceof ProblemError) return undefined;
    const { version, totalMs, batchSize } = outcome;
    const company = ['answered by a step, without the model', 'by itself'][batchSize] ?? `in a batch of ${batchSize}`;
    return printable(`${this.#items.model}, version ${version}: ${duration(totalMs)}, ${company}`);
  }

  #summary(): string {
    const ms = performance.now() - this.#startedAt;
    const sizes = this.#results.flatMap(({ outcome }) =>
      outcome instanceof ProblemError ? [] : outcome.batchSize || [],
    );
    // An item of a batch of four is a quarter of an execution.
    const executions = sizes.reduce((sum, size) => sum + 1 / size, 0);
    const mean = executions === 0 ? '' : `, ${(sizes.length / executions).toFixed(1)} in a batch on average`;
    const failed = this.#failures === 0 ? '' : `; ${this.#failures} failed`;
    return `${this.#results.length} items in ${duration(ms)}${mean}${failed}`;
  }
}
