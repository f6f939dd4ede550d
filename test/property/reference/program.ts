/** How the model of a program is set up: small, so that everything fills up. */
export interface Setup {
  readonly instances: number;
  readonly maxBatchSize: number;
  /** Undefined is the greedy policy. */
  readonly delayMs: number | undefined;
  readonly axis: 0 | 1;
  /** Rows that may be with the model. */
  readonly concurrency: number;
  readonly queueRows: number;
  /** Whether executions that took too long are tried again. */
  readonly retriesTimeouts: boolean;
}

/** How an execution comes back: well, with an error of the model, with the end of its instance by itself or by the clock, or without memory. */
export type Ending = 'finish' | 'fail' | 'crash' | 'hang' | 'exhaust';

export interface Arrival {
  readonly kind: 'arrive';
  readonly rows: number;
  /** Numbers of a row; those of different widths may not share a batch. */
  readonly width: number;
  /** A shared input; those of different scales may not share a batch. */
  readonly scale: number;
  readonly priority: number;
  readonly timeoutMs: number;
  readonly queueTimeoutMs: number | undefined;
  readonly executionTimeoutMs: number | undefined;
}

/** What happens. `choice` picks one of those that there are at that moment; nothing happens if there is none. */
export type Step =
  | Arrival
  | { readonly kind: 'cancel' | Ending; readonly choice: number }
  | { readonly kind: 'revive' }
  | { readonly kind: 'advance'; readonly ms: number };

export interface Program {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

/** The same program for the same seed, everywhere. */
export function programOf(seed: number): Program {
  const random = new Random(seed);
  // In some programs nearly everything fails, so that batches are taken apart to the end, and get smaller.
  const isBad = random.chance(0.1);
  const setup: Setup = {
    instances: random.from(1, 3),
    maxBatchSize: isBad ? random.from(4, 16) : random.from(1, 6),
    delayMs: random.chance(0.3) ? random.from(1, 15) : undefined,
    axis: random.chance(0.25) ? 1 : 0,
    concurrency: random.from(1, 14),
    queueRows: random.from(6, 60),
    retriesTimeouts: random.chance(0.5),
  };
  // Some programs have nothing but rows of one kind, so that batches fill up.
  const kinds = isBad ? 1 : random.from(1, 3);
  const steps = Array.from({ length: isBad ? random.from(20, 40) : random.from(4, 24) }, () =>
    stepOf(random, { kinds, isBad }),
  );
  return { setup, steps };
}

function stepOf(random: Random, { kinds, isBad }: { kinds: number; isBad: boolean }): Step {
  const choice = random.from(0, 99);
  const dice = random.from(0, 99);
  if (dice < (isBad ? 30 : 45)) return arrival(random, kinds);
  if (dice < (isBad ? 35 : 61)) return { kind: 'finish', choice };
  if (dice < (isBad ? 60 : 66)) return { kind: 'fail', choice };
  if (dice < 69) return { kind: 'crash', choice };
  if (dice < 71) return { kind: 'hang', choice };
  if (dice < 72) return { kind: 'exhaust', choice };
  if (dice < 76) return { kind: 'revive' };
  if (dice < 80) return { kind: 'cancel', choice };
  // Long enough, now and then, for one level of priority to be made up for by waiting.
  return { kind: 'advance', ms: random.chance(0.1) ? random.from(2_900, 3_100) : random.from(0, 12) };
}

function arrival(random: Random, kinds: number): Arrival {
  const kind = random.from(1, kinds);
  return {
    kind: 'arrive',
    rows: random.chance(0.6) ? 1 : random.from(2, 20),
    width: kind === 2 ? 2 : 1,
    scale: kind === 3 ? 2 : 1,
    priority: random.chance(0.6) ? 0 : random.from(1, 10),
    timeoutMs: random.chance(0.5) ? 30_000 : random.from(1, 60),
    queueTimeoutMs: random.chance(0.2) ? random.from(1, 30) : undefined,
    executionTimeoutMs: random.chance(0.2) ? random.from(1, 15) : undefined,
  };
}

/** Tommy Ettinger's mulberry32. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number, both ends included. */
  from(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
