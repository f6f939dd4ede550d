import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { InstanceSpec, StartOptions } from '#src/runtime/backend.js';
import { FrameReader, writeFrame } from '#src/runtime/frames.js';
import { ProcessChannel } from '#src/runtime/process-channel.js';
import { frameOfProcess, messageOfServer, type ProcessMessage } from '#src/runtime/process-protocol.js';
import { ThreadChannel } from '#src/runtime/thread-channel.js';
import { WorkerInstance } from '#src/runtime/worker-instance.js';
import type { WorkerMessage, WorkerStart } from '#src/runtime/worker-protocol.js';
import { version } from '#src/version.js';

/*
 * A worker that goes wrong: it runs in place of `worker-main` or `process-main`, and the name of its model file says
 * what happens. Those on `run` load like a model without inputs and go wrong over their first batch.
 */

const loaded: WorkerMessage = { kind: 'loaded', signature: { inputs: [], outputs: [] }, provider: 'cpu' };

/** What may happen, by name. */
const faults = {
  'throws-on-load': () => {
    throw new Error('uncaught while it loaded');
  },
  'exits-on-load': () => process.exit(7),
  'speaks-out-of-turn-on-load': () => tell({ kind: 'failed', reason: 'nobody asked', outOfMemory: false }),
  'loads-late': () => setImmediate(tell, loaded),
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
  'has-no-memory-on-run': () => tell({ kind: 'failed', reason: 'std::bad_alloc', outOfMemory: true }),
  // Those below are for processes alone.
  'aborts-on-run': () => process.abort(),
  'writes-nonsense-on-run': () => link?.write('HTTP/1.1 200 OK\r\n\r\n'),
  'answers-with-too-much-on-run': () => {
    if (link !== undefined) writeFrame(link, { kind: 6, head: new Uint8Array(0), bodyBytes: 2 ** 31 });
  },
  'answers-with-a-wrong-table-on-run': () => {
    if (link !== undefined) writeFrame(link, { kind: 6, head: new Uint8Array(40).fill(1) });
  },
  'hangs-up-on-run': () => link?.destroy(),
  'is-of-another-version-on-load': () => undefined,
} satisfies Record<string, () => unknown>;

export type Fault = keyof typeof faults;

const self = new URL(import.meta.url);
const isProcess = isMainThread && process.argv[1] === fileURLToPath(self);
const link = isProcess ? new Socket({ fd: 3, readable: true, writable: true }) : undefined;

/** Starts a worker with a fault, in a thread or a process as the spec says. */
export function startFaulty(fault: Fault, spec: InstanceSpec, options: StartOptions): Promise<WorkerInstance> {
  const faulty = { ...spec, modelPath: fault };
  return WorkerInstance.start(faulty, options, (listener) =>
    spec.isolation === 'process'
      ? new ProcessChannel(faulty, listener, self)
      : new ThreadChannel(faulty, listener, { givenUp: new Set(), entry: self }),
  );
}

if (parentPort !== null) {
  begin((workerData as WorkerStart).modelPath);
  parentPort.on('message', () => go((workerData as WorkerStart).modelPath));
} else if (link !== undefined) {
  let fault = '';
  const reader = new FrameReader((frame) => {
    const message = messageOfServer(frame);
    if (message.kind === 'start') {
      fault = message.modelPath;
      begin(fault);
    } else go(fault);
  });
  link.on('data', (chunk: Uint8Array) => reader.push(chunk));
  link.on('close', () => process.exit());
  say({ kind: 'hello', version });
}

function begin(fault: string): void {
  if (fault === 'is-of-another-version-on-load') say({ kind: 'hello', version: '0.0.0-other' });
  if (fault.endsWith('-run')) tell(loaded);
  else go(fault);
}

function go(fault: string): void {
  faults[fault as Fault]();
}

function tell(message: WorkerMessage): void {
  if (link === undefined) parentPort?.postMessage(message);
  else say(message.kind === 'loaded' ? { ...message, residentBytes: 1 } : message);
}

function say(message: ProcessMessage): void {
  if (link !== undefined) writeFrame(link, frameOfProcess(message));
}
