import { Worker } from 'node:worker_threads';
import { reasonOf } from '../core/errors.js';
import { allocate, type Datatype, type NumericArray } from '../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { InstanceSpec } from './backend.js';
import { refuseTelemetry } from './telemetry.js';
import type { ChannelListener, WorkerChannel } from './worker-channel.js';
import { startOf, transferList, type WireTensor, type WorkerMessage } from './worker-protocol.js';

/** JavaScript objects of one instance; its tensors and the model itself lie outside the heap. */
const MAX_HEAP_MB = 1_024;

const workerMain = new URL('./worker-main.js', import.meta.url);

export interface ThreadOptions {
  /** Where the channel enters itself when its thread was told to end and is inside native code, until the thread is gone. */
  readonly givenUp: Set<ThreadChannel>;
  /** The module that the thread runs; another one than `worker-main` only in tests. */
  readonly entry?: URL;
}

/** The way to a worker thread: tensors move there and back by transfer, without a copy. */
export class ThreadChannel implements WorkerChannel {
  readonly released: Promise<void>;
  readonly #worker: Worker;
  readonly #givenUp: Set<ThreadChannel>;
  /** It loads or runs: its thread may be inside native code. */
  #isBusy = true;
  #isEnding = false;

  constructor(spec: InstanceSpec, listener: ChannelListener, { givenUp, entry = workerMain }: ThreadOptions) {
    refuseTelemetry();
    this.#givenUp = givenUp;
    this.#worker = new Worker(entry, {
      workerData: startOf(spec),
      name: spec.name,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.released = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('message', (message: WorkerMessage) => {
      this.#isBusy = false;
      if (this.#isEnding) void this.#worker.terminate();
      else listener.message(message);
    });
    this.#worker.on('error', (error) => listener.ended(reasonOf(error)));
    this.#worker.on('messageerror', (error) => listener.ended(reasonOf(error)));
    this.#worker.on('exit', (code) => {
      this.#isBusy = false;
      givenUp.delete(this);
      listener.ended(`the worker thread exited with code ${code}`);
    });
  }

  send(inputs: NamedTensors): void {
    const tensors = Object.entries(inputs).map(([name, tensor]) => toWire(name, tensor));
    this.#worker.postMessage({ inputs: tensors }, transferList(tensors));
    this.#isBusy = true;
  }

  /**
   * ONNX Runtime's binding aborts the whole process when its thread is terminated inside native code: a busy thread is
   * given up, and goes when it has something to say.
   */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#isBusy) this.#givenUp.add(this);
    else void this.#worker.terminate();
  }
}

/** Numbers that are a window into a larger buffer are copied: a transfer takes whole buffers, and would take others' rows along. */
function toWire(name: string, { datatype, shape, data }: Tensor): WireTensor {
  const whole = Array.isArray(data) || data.byteLength === data.buffer.byteLength;
  return { name, datatype, shape, data: whole ? data : copyNumbers(datatype, data) };
}

/** Not `slice`: a Buffer's is no copy. */
function copyNumbers(datatype: Datatype, data: NumericArray): NumericArray {
  const copy = allocate(datatype, data.length) as NumericArray & { set(source: NumericArray): void };
  copy.set(data);
  return copy;
}
