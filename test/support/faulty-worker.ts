import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerMessage, WorkerStart } from '#src/runtime/worker-protocol.js';

/*
 * A worker thread that goes wrong: it runs in place of `worker-main`, and the name of its model file says what
 * happens. Those on `run` load like a model without inputs and go wrong over their first batch.
 */

/** What may happen, by name. */
const faults = {
  'throws-on-load': () => {
    throw new Error('uncaught while it loaded');
  },
  'exits-on-load': () => process.exit(7),
  'speaks-out-of-turn-on-load': () => tell({ kind: 'failed', reason: 'nobody asked' }),
  'throws-on-run': () => {
    throw new Error('uncaught while it ran');
  },
  'rejects-on-run': () => {
    void Promise.reject(new Error('unhandled while it ran'));
  },
  'exits-on-run': () => process.exit(7),
  'fills-its-heap-on-run': () => {
    const kept: object[] = [];
    for (;;) kept.push({ size: kept.length });
  },
  'speaks-out-of-turn-on-run': () => tell({ kind: 'refused', reason: 'too late' }),
} satisfies Record<string, () => void>;

export type Fault = keyof typeof faults;

/** The module to start a faulty worker from. */
export const faultyWorker = new URL(import.meta.url);

if (parentPort !== null) {
  const fault = (workerData as WorkerStart).modelPath as Fault;
  if (fault.endsWith('on-load')) faults[fault]();
  else {
    parentPort.on('message', faults[fault]);
    tell({ kind: 'loaded', signature: { inputs: [], outputs: [] }, provider: 'cpu' });
  }
}

function tell(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}
