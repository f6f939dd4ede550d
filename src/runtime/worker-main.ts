import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../core/errors.js';
import { isOutOfMemory, loadFailure, type OnnxSession, openSession } from './onnx-session.js';
import { type RunMessage, transferList, type WorkerMessage, type WorkerStart } from './worker-protocol.js';

/*
 * The thread of one instance: it loads the model it was started with, then answers one batch at a time. A session
 * lives in a thread of its own because `session.run` is a synchronous native call: on the main thread it would stop
 * the whole server for as long as the model takes.
 */

if (parentPort === null) throw new Error('worker-main is started as a worker thread by thread-channel');
const port = parentPort;

try {
  const session = await openSession(workerData as WorkerStart);
  port.on('message', (message: RunMessage) => {
    void answer(session, message);
  });
  port.on('messageerror', (error: unknown) => tell({ kind: 'failed', reason: reasonOf(error), outOfMemory: false }));
  tell({ kind: 'loaded', signature: session.signature, provider: session.provider });
} catch (error) {
  tell({ kind: 'refused', reason: loadFailure(error, (workerData as WorkerStart).modelPath) });
}

async function answer(session: OnnxSession, { inputs }: RunMessage): Promise<void> {
  try {
    const { outputs, startedAt, endedAt } = await session.run(inputs);
    tell({ kind: 'ran', outputs, startedAt, endedAt }, transferList(outputs));
  } catch (error) {
    tell({ kind: 'failed', reason: reasonOf(error), outOfMemory: isOutOfMemory(error) });
  }
}

function tell(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
