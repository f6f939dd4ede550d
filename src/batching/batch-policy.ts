/** What a policy sees of one group of rows that could run together, at one moment. Times in milliseconds on the clock. */
export interface BatchView {
  readonly now: number;
  /** Rows that wait in the group; 0 if that is what its requests have. */
  readonly rows: number;
  /** When the oldest of them began to wait. */
  readonly oldestAt: number;
  /** Instances free to run a batch now; at least 1. */
  readonly idleInstances: number;
  /** Rows that one batch may hold. */
  readonly maxBatchSize: number;
}

/** Run a batch of so many rows now; or look again at `until`, or when something changes; or only when something changes. */
export type BatchDecision =
  | { readonly kind: 'dispatch'; readonly rows: number }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'idle' };

/** Strategy: when a batch is formed and how large. A pure function of the view, so that it can be tested and simulated. */
export interface BatchPolicy {
  readonly name: string;
  decide(view: BatchView): BatchDecision;
}

/**
 * Never waits: whatever is there runs at once, split evenly over the idle instances, so that no core idles while
 * another runs everything. Under load batches grow by themselves, since requests gather while instances are busy.
 */
export const greedyPolicy: BatchPolicy = {
  name: 'greedy',
  decide: ({ rows, idleInstances, maxBatchSize }) => ({
    kind: 'dispatch',
    rows: Math.min(maxBatchSize, Math.ceil(rows / idleInstances)),
  }),
};

/** The reference that other servers have: a full batch at once, a smaller one when its oldest row has waited long enough. */
export function staticPolicy(maxQueueDelayMs: number): BatchPolicy {
  return {
    name: 'static',
    decide({ now, rows, oldestAt, maxBatchSize }) {
      const dueAt = oldestAt + maxQueueDelayMs;
      if (rows < maxBatchSize && now < dueAt) return { kind: 'wait', until: dueAt };
      return { kind: 'dispatch', rows: Math.min(maxBatchSize, rows) };
    },
  };
}
