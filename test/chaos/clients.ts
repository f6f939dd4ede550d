import { Agent } from 'node:http';
import { postJson } from '../support/http-client.js';

const CLIENTS = 32;

/** One answer. Times in milliseconds on `performance.now()`. */
export interface Sample {
  readonly at: number;
  readonly tookMs: number;
}

/** Clients that each send the next item when the last was answered, and check every answer against its own input. */
export class Clients {
  readonly samples: Sample[] = [];
  /** Answers by status or code. */
  readonly outcomes = new Map<string, number>();
  /** What must not happen: no answer, or another's. */
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  readonly #all: Promise<unknown>;
  #next = 0;
  #stopped = false;

  /** @param url of a model that gives y = 2x + 1 on rows of 4 */
  constructor(url: string) {
    this.#url = url;
    this.#all = Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  /** Requests that were sent. */
  get sent(): number {
    return this.#next;
  }

  /** Sends no more, and settles when all are answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#all;
    this.#agent.destroy();
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const number = this.#next;
      this.#next += 1;
      const start = performance.now();
      try {
        const input = [number, number + 0.5, -number, 1];
        const { status, body } = await postJson(this.#url, { input }, { agent: this.#agent });
        const outcome = status === 200 ? '200' : `${status} ${String(body['code'])}`;
        this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
        const { y } = (body['output'] ?? {}) as { y?: number[] };
        const isOwn = y?.every((value, index) => value === 2 * (input[index] as number) + 1) ?? false;
        if (status === 200 && !isOwn) this.faults.push(`request ${number} was answered ${JSON.stringify(body)}`);
        if (status !== 200 && status !== 503) this.faults.push(`request ${number} got ${outcome}`);
      } catch (error) {
        this.faults.push(`request ${number} was not answered: ${(error as Error).message}`);
      }
      const now = performance.now();
      this.samples.push({ at: now, tookMs: now - start });
    }
  }
}
