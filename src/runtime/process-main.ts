import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { reasonOf } from '../core/errors.js';
import { version } from '../version.js';
import { FrameReader, writeFrame } from './frames.js';
import { isOutOfMemory, loadFailure, type OnnxSession, openSession } from './onnx-session.js';
import { frameOfProcess, messageOfServer, type ProcessMessage, type ServerMessage } from './process-protocol.js';
import { limitResources } from './resource-limits.js';
import type { WireTensor, WorkerStart } from './worker-protocol.js';

/*
 * The process of one instance: says hello, loads the model that it is told, then answers one batch at a time. It lives
 * until it is killed, by the server or by `process-watch` when the server is gone.
 */

/** Reading it costs as much as a small batch. */
const MEMORY_AGE_MS = 100;

const link = new Socket({ fd: 3, readable: true, writable: true });
let session: OnnxSession | undefined;
let memory = { bytes: 0, at: Number.NEGATIVE_INFINITY };

// A terminal and systemd send their signals to every process of the server; when this one ends is the server's business.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
dieFirst();
new Worker(new URL('./process-watch.js', import.meta.url), { name: 'watch' }).on('exit', () => process.exit(1));

const reader = new FrameReader((frame) => void answer(messageOfServer(frame)));
link.on('data', (chunk: Uint8Array) => reader.push(chunk));
link.on('error', () => undefined);
say({ kind: 'hello', version });

async function answer(message: ServerMessage): Promise<void> {
  if (message.kind === 'start') await load(message);
  else if (session !== undefined) await run(session, message.inputs);
}

async function load(start: WorkerStart): Promise<void> {
  const problem = limitResources(process.pid, start.memoryBytes);
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  try {
    session = await openSession(start);
    const { signature, provider } = session;
    say({ kind: 'loaded', signature, provider, residentBytes: residentBytes() });
  } catch (error) {
    const hint = isOutOfMemory(error) ? '; instances.memory_bytes says how much memory it may take' : '';
    say({ kind: 'refused', reason: loadFailure(error, start.modelPath) + hint });
  }
}

async function run(session: OnnxSession, inputs: readonly WireTensor[]): Promise<void> {
  try {
    const ran = await session.run(inputs);
    say({ kind: 'ran', ...ran, residentBytes: residentBytes() });
  } catch (error) {
    say({ kind: 'failed', reason: reasonOf(error), outOfMemory: isOutOfMemory(error) });
  }
}

function say(message: ProcessMessage): void {
  writeFrame(link, frameOfProcess(message));
}

function residentBytes(): number {
  const at = performance.now();
  if (at - memory.at > MEMORY_AGE_MS) memory = { bytes: process.memoryUsage.rss(), at };
  return memory.bytes;
}

/** Where the machine runs out of memory, Linux is to end this process before the server. Everybody may say so of himself. */
function dieFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Another system, or one that does not let us.
  }
}
