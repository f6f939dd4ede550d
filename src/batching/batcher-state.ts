/** A batcher at one moment, in figures: what a log line says when something is wrong. Times in milliseconds. */
export interface BatcherState {
  /** Rows in line, and the groups of them that could run together. */
  readonly waitingRows: number;
  readonly groups: number;
  /** How long the oldest request in line has waited; 0 if there is none. */
  readonly oldestWaitMs: number;
  /** How long ago a batch was formed, or came back, or one was waited for with intent. */
  readonly idleForMs: number;
  readonly idleInstances: number;
  /** The batches that run. */
  readonly running: readonly RunningBatch[];
}

export interface RunningBatch {
  readonly batchId: number;
  readonly instance: string;
  readonly rows: number;
  readonly forMs: number;
}

/** Why nothing moves. `fault` is the server's own: it must never happen. */
export interface Stall {
  readonly kind: 'busy' | 'noInstance' | 'fault';
  readonly reason: string;
}

/**
 * Whether a batcher stands still, and why: requests have waited for at least `limitMs`, and for as long nothing was
 * begun or finished.
 */
export function findStall(state: BatcherState, limitMs: number): Stall | undefined {
  const { oldestWaitMs, idleForMs, idleInstances, running } = state;
  if (oldestWaitMs < limitMs || idleForMs < limitMs) return undefined;
  if (idleInstances > 0) {
    const reason = `${idleInstances} instances are free, and nothing is started: the batcher does not look`;
    return { kind: 'fault', reason };
  }
  if (running.length === 0) return { kind: 'noInstance', reason: 'no instance is live; they may be starting' };
  const longest = running.reduce((a, b) => (a.forMs >= b.forMs ? a : b));
  const of = `batch ${longest.batchId} of ${longest.rows} rows has run on ${longest.instance} for ${Math.round(longest.forMs)} ms`;
  return { kind: 'busy', reason: `all instances are busy (${running.length} batches); ${of}` };
}
