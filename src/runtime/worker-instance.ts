import { Worker } from 'node:worker_threads';
import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import type { Signature } from '../model/signature.js';
import { allocate, type Datatype, type NumericArray } from '../tensor/datatype.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { ExecutionResult, Instance, InstanceSpec } from './backend.js';
import { refuseTelemetry } from './telemetry.js';
import { sharedNow, transferList, type WireTensor, type WorkerMessage, type WorkerStart } from './worker-protocol.js';

interface PendingRun {
  readonly sentAt: number;
  resolve(result: ExecutionResult): void;
  reject(error: MillraceError): void;
}

/** An instance in a worker thread: the main thread's end of `worker-main`. */
export class WorkerInstance implements Instance {
  readonly name: string;
  readonly signature: Signature;
  readonly provider: string;
  readonly ended: Promise<string>;
  readonly released: Promise<void>;
  readonly #worker: Worker;
  readonly #resolveEnded: (reason: string) => void;
  #pending: PendingRun | undefined;
  #endReason: string | undefined;

  private constructor(name: string, worker: Worker, loaded: { signature: Signature; provider: string }) {
    this.name = name;
    this.signature = loaded.signature;
    this.provider = loaded.provider;
    this.#worker = worker;
    let resolveEnded: (reason: string) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    this.#resolveEnded = resolveEnded;
    this.released = new Promise((resolve) => {
      worker.once('exit', () => resolve());
    });
    worker.on('error', (error) => this.#end(reasonOf(error)));
    worker.on('messageerror', (error) => this.#end(reasonOf(error)));
    worker.on('exit', (code) => this.#end(`the worker thread exited with code ${code}`));
    worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
  }

  /**
   * Starts a thread and waits until it has loaded the model.
   *
   * @param entry the module that the thread runs; another one than `worker-main` only in tests
   * @throws MillraceError MODEL_UNAVAILABLE with the reason if the thread refuses the model or dies over it
   */
  static async start({ name, ...start }: InstanceSpec, entry: URL = workerMain): Promise<WorkerInstance> {
    const workerData: WorkerStart = start;
    refuseTelemetry();
    const worker = new Worker(entry, { workerData, name, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
    return new Promise((resolve, reject) => {
      const refuse = (reason: string) => {
        void worker.terminate();
        const text = `The model could not be loaded: ${withoutPaths(reason)}`;
        reject(new MillraceError('MODEL_UNAVAILABLE', text, { cause: reason }));
      };
      const onError = (error: unknown) => refuse(reasonOf(error));
      const onExit = (code: number) => refuse(`the worker thread exited with code ${code}`);
      worker.once('error', onError);
      worker.once('exit', onExit);
      worker.once('message', (message: WorkerMessage) => {
        worker.off('error', onError);
        worker.off('exit', onExit);
        if (message.kind === 'loaded') resolve(new WorkerInstance(name, worker, message));
        else refuse(message.kind === 'refused' ? message.reason : 'the worker thread spoke out of turn');
      });
    });
  }

  run(inputs: NamedTensors): Promise<ExecutionResult> {
    if (this.#endReason !== undefined) return Promise.reject(this.#crash(this.#endReason));
    if (this.#pending !== undefined) throw new Error(`${this.name} was given a batch while it runs another`);
    return new Promise((resolve, reject) => {
      const tensors = Object.entries(inputs).map(([name, tensor]) => toWire(name, tensor));
      this.#worker.postMessage({ inputs: tensors }, transferList(tensors));
      this.#pending = { sentAt: sharedNow(), resolve, reject };
    });
  }

  destroy(reason: string): void {
    if (this.#endReason !== undefined) return;
    const isRunning = this.#pending !== undefined;
    this.#end(reason);
    // ONNX Runtime's binding aborts the whole process when its thread is terminated inside a run: that thread goes
    // when it has something to say. Its batch fails now.
    if (!isRunning) void this.#worker.terminate();
  }

  #onMessage(message: WorkerMessage): void {
    if (this.#endReason !== undefined) void this.#worker.terminate();
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    if (message.kind === 'ran') {
      const { outputs, startedAt, endedAt } = message;
      pending.resolve({
        outputs: Object.fromEntries(outputs.map(({ name, ...tensor }) => [name, tensor])),
        phases: {
          computeInputMs: startedAt - pending.sentAt,
          computeInferMs: endedAt - startedAt,
          computeOutputMs: sharedNow() - endedAt,
        },
      });
      return;
    }
    const reason = message.kind === 'failed' ? message.reason : `the worker thread said ${message.kind} out of turn`;
    const text = `The model raised an error: ${withoutPaths(reason)}`;
    pending.reject(new MillraceError('EXECUTION_FAILED', text, { cause: reason }));
  }

  /** The first reason is the one that counts; what ran fails with it. */
  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#pending?.reject(this.#crash(reason));
    this.#pending = undefined;
    this.#resolveEnded(reason);
  }

  #crash(reason: string): MillraceError {
    const text = 'The instance that ran the job ended before it answered; the job may be sent again.';
    return new MillraceError('INSTANCE_CRASHED', text, { cause: reason });
  }
}

/** JavaScript objects of one instance; its tensors and the model itself lie outside the heap. */
const MAX_HEAP_MB = 1_024;

const workerMain = new URL('./worker-main.js', import.meta.url);

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
