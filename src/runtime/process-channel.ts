import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { version } from '../version.js';
import type { InstanceSpec } from './backend.js';
import { childEnvironment } from './child-environment.js';
import { type Frame, FrameReader, MAX_BODY_BYTES, writeFrame } from './frames.js';
import { OutputLines } from './output-lines.js';
import { messageOfProcess } from './process-messages.js';
import { frameOfServer, type ProcessMessage } from './process-protocol.js';
import type { ChannelListener, WorkerChannel } from './worker-channel.js';
import { startOf, type WorkerStart } from './worker-protocol.js';

/** JavaScript objects of one instance; its tensors and the model itself lie outside the heap. */
const MAX_HEAP_MB = 1_024;
/** The connection's place among the child's files, behind standard input, output and error. */
const LINK = 3;

const processMain = new URL('./process-main.js', import.meta.url);

/**
 * The way to a process of its own. Tensors are copied through a pair of connected sockets; one batch at a time is on
 * its way, and the worker reads it to its end before it runs: so nothing piles up. The process ends by SIGKILL, which
 * native code cannot hold up.
 */
export class ProcessChannel implements WorkerChannel {
  readonly released: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #link: Socket;
  readonly #listener: ChannelListener;
  readonly #start: WorkerStart;
  #hasEnded = false;

  /** @param entry the module that the process runs; another one than `process-main` only in tests */
  constructor(spec: InstanceSpec, listener: ChannelListener, entry: URL = processMain) {
    this.#listener = listener;
    this.#start = startOf(spec);
    this.#child = spawn(process.execPath, [`--max-old-space-size=${MAX_HEAP_MB}`, fileURLToPath(entry)], {
      // Nothing is ever written to its standard input: that it ends tells the process that the server is gone.
      stdio: ['pipe', 'pipe', 'pipe', 'overlapped'],
      env: childEnvironment(),
      windowsHide: true,
    });
    this.#link = this.#child.stdio[LINK] as Socket;
    this.released = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#listen();
  }

  send(inputs: NamedTensors): void {
    const frame = frameOfServer({
      kind: 'run',
      inputs: Object.entries(inputs).map(([name, tensor]) => ({ name, ...tensor })),
    });
    const { bodyBytes = 0 } = frame;
    if (bodyBytes > MAX_BODY_BYTES) {
      throw new MillraceError(
        'EXECUTION_FAILED',
        'The batch is larger than what an instance in a process can be given.',
        {
          expected: `at most ${MAX_BODY_BYTES} bytes`,
          got: `${bodyBytes} bytes`,
        },
      );
    }
    writeFrame(this.#link, frame);
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#child.kill('SIGKILL');
  }

  #listen(): void {
    const reader = new FrameReader((frame) => this.#onFrame(frame));
    this.#link.on('data', (chunk: Uint8Array) => {
      try {
        if (!this.#hasEnded) reader.push(chunk);
      } catch (error) {
        this.#listener.ended(`its process is not understood: ${reasonOf(error)}`);
      }
    });
    // The first that is seen of a process that has ended, whose exit has the reason; one that only hung up is of no use.
    this.#link.on('close', () => this.#child.kill('SIGKILL'));
    this.#link.on('error', () => undefined);
    this.#child.stdin.on('error', () => undefined);
    const lines = new OutputLines((line) => this.#listener.said(line));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    this.#child.on('error', (error) => this.#listener.ended(`its process could not be started: ${reasonOf(error)}`));
    this.#child.on('exit', (code, signal) => {
      this.#hasEnded = true;
      this.#listener.ended(`its process ended with ${signal ?? `code ${code}`}`);
    });
  }

  #onFrame(frame: Frame): void {
    const message: ProcessMessage = messageOfProcess(frame);
    if (message.kind !== 'hello') this.#listener.message(message);
    else if (message.version === version) writeFrame(this.#link, frameOfServer({ kind: 'start', ...this.#start }));
    else this.#listener.ended(otherVersion(message.version));
  }
}

/** The files on the disk are newer than the code that runs. */
function otherVersion(theirs: string): string {
  return `its process is of version ${theirs.slice(0, 32)}, and the server of ${version}: the server was updated and has to be started again`;
}
