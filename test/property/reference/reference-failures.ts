import { CrashBudget } from '#src/batching/crash-budget.js';
import { PoisonRate } from '#src/batching/poison-rate.js';
import type { Ending, Setup } from './program.js';
import type { ReferenceExecution, ReferencePart, ReferenceRequest } from './reference-queue.js';

/** Of how an execution can end, what the requests are told. */
export const codes = {
  finish: undefined,
  fail: 'EXECUTION_FAILED',
  crash: 'INSTANCE_CRASHED',
  hang: 'EXECUTION_TIMEOUT',
  exhaust: 'OUT_OF_MEMORY',
} as const;

/** Parts that run again together; what has cost dearly runs one by one. */
export interface ReferenceGroup {
  readonly parts: readonly ReferencePart[];
  readonly isRisky: boolean;
}

/** What follows from the end of an execution. */
export interface ReferenceVerdict {
  /** Those that fail. */
  readonly failed: readonly ReferencePart[];
  /** Those that run again, in groups that run together. */
  readonly again: readonly ReferenceGroup[];
}

/** A request whose part has failed alone is known for so long, and one whose part has cost too much. */
const KNOWN_MS = { suspect: 30_000, quarantined: 60_000 } as const;

/**
 * What must become of executions that failed: they are halved until one part of a request has failed alone. How large
 * batches may be meanwhile, and how often an instance may be lost, is decided by what decides it in the server, and
 * tested by itself.
 */
export class ReferenceFailures {
  readonly #setup: Setup;
  readonly #now: () => number;
  readonly #rate = new PoisonRate();
  readonly #budget: CrashBudget;
  readonly #knownUntil = new Map<ReferenceRequest, number>();

  constructor(setup: Setup, now: () => number) {
    this.#setup = setup;
    this.#now = now;
    this.#budget = new CrashBudget({ now });
  }

  get rowLimit(): number {
    return this.#rate.limit(this.#setup.maxBatchSize);
  }

  judge({ parts, isRerun }: ReferenceExecution, ending: Ending): ReferenceVerdict {
    const [first] = parts as [ReferencePart];
    const isKnown = parts.length === 1 && (this.#knownUntil.get(first.request) ?? 0) > this.#now();
    if (!isRerun && !isKnown) this.#rate.note(parts.length, ending !== 'finish');
    if (ending === 'finish') {
      this.#budget.ranWell();
      return { failed: [], again: [] };
    }
    if (ending === 'crash' || ending === 'hang') this.#budget.crashed();
    if (ending !== 'fail') for (const part of parts) part.setbacks += 1;
    if (parts.length === 1 && (ending === 'fail' || first.setbacks >= 2)) {
      this.#knownUntil.set(first.request, this.#now() + KNOWN_MS[ending === 'fail' ? 'suspect' : 'quarantined']);
      return { failed: parts, again: [] };
    }
    const mayTry = ending !== 'hang' || this.#setup.retriesTimeouts;
    const wanted = parts.filter(({ request }) => mayTry && isWanted(request));
    if (wanted.length === 0 || (ending !== 'fail' && !this.#budget.take())) return { failed: parts, again: [] };
    const half = Math.ceil(wanted.length / 2);
    const again = [wanted.slice(0, half), wanted.slice(half)].filter((group) => group.length > 0);
    const isRisky = ending !== 'fail';
    return {
      failed: parts.filter((part) => !wanted.includes(part)),
      again: again.map((group) => ({ parts: group, isRisky })),
    };
  }
}

export function isWanted({ outcome, failure }: ReferenceRequest): boolean {
  return outcome === undefined && failure === undefined;
}
