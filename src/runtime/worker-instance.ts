import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import type { Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ExecutionResult, Instance, InstanceSpec, StartOptions } from './backend.js';
import type { ChannelListener, WorkerChannel } from './worker-channel.js';
import { sharedNow, type WorkerMessage } from './worker-protocol.js';

type Loaded = Extract<WorkerMessage, { kind: 'loaded' }>;
type Ran = Extract<WorkerMessage, { kind: 'ran' }>;

interface PendingRun {
  readonly sentAt: number;
  resolve(result: ExecutionResult): void;
  reject(error: MillraceError): void;
}

/** An instance in a worker: the server's end of it, the same for a thread and a process. */
export class WorkerInstance implements Instance {
  readonly name: string;
  readonly signature: Signature;
  readonly provider: string;
  readonly ended: Promise<string>;
  readonly released: Promise<void>;
  readonly #channel: WorkerChannel;
  #resolveEnded: (reason: string) => void = () => undefined;
  #pending: PendingRun | undefined;
  #endReason: string | undefined;
  #residentBytes: number | undefined;

  private constructor(name: string, channel: WorkerChannel, { signature, provider, residentBytes }: Loaded) {
    this.name = name;
    this.signature = signature;
    this.provider = provider;
    this.#channel = channel;
    this.#residentBytes = residentBytes;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.released = channel.released;
  }

  /**
   * Starts a worker and waits until it has loaded the model.
   *
   * @param open starts the thread or the process
   * @throws MillraceError MODEL_UNAVAILABLE with the reason if the worker refuses the model or dies over it, or the signal aborts
   */
  static start(
    { name }: InstanceSpec,
    { signal, said }: StartOptions,
    open: (listener: ChannelListener) => WorkerChannel,
  ): Promise<WorkerInstance> {
    return new Promise((resolve, reject) => {
      let instance: WorkerInstance | undefined;
      const onAbort = () => refuse(reasonOf(signal.reason));
      const refuse = (reason: string) => {
        signal.removeEventListener('abort', onAbort);
        channel.end();
        const text = `The model could not be loaded: ${withoutPaths(reason)}`;
        reject(new MillraceError('MODEL_UNAVAILABLE', text, { cause: reason }));
      };
      const channel = open({
        message: (message) => {
          if (instance !== undefined) instance.#onMessage(message);
          else if (message.kind === 'loaded') {
            signal.removeEventListener('abort', onAbort);
            instance = new WorkerInstance(name, channel, message);
            resolve(instance);
          } else refuse(message.kind === 'refused' ? message.reason : 'the worker spoke out of turn');
        },
        ended: (reason) => (instance === undefined ? refuse(reason) : instance.#end(reason)),
        said,
      });
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
    });
  }

  get residentBytes(): number | undefined {
    return this.#residentBytes;
  }

  run(inputs: NamedTensors): Promise<ExecutionResult> {
    if (this.#endReason !== undefined) return Promise.reject(this.#crash(this.#endReason));
    if (this.#pending !== undefined) throw new Error(`${this.name} was given a batch while it runs another`);
    return new Promise((resolve, reject) => {
      const sentAt = sharedNow();
      this.#channel.send(inputs);
      this.#pending = { sentAt, resolve, reject };
    });
  }

  destroy(reason: string): void {
    this.#end(reason);
  }

  #onMessage(message: WorkerMessage): void {
    const pending = this.#pending;
    if (pending === undefined || this.#endReason !== undefined) return;
    this.#pending = undefined;
    if (message.kind === 'ran') {
      this.#residentBytes = message.residentBytes;
      pending.resolve(resultOf(message, pending.sentAt));
      return;
    }
    pending.reject(failureOf(message));
  }

  /** The first reason is the one that counts; what ran fails with it. */
  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#channel.end();
    this.#pending?.reject(this.#crash(reason));
    this.#pending = undefined;
    this.#resolveEnded(reason);
  }

  #crash(reason: string): MillraceError {
    const text = 'The instance that ran the job ended before it answered; the job may be sent again.';
    return new MillraceError('INSTANCE_CRASHED', text, { cause: reason });
  }
}

function resultOf({ outputs, startedAt, endedAt }: Ran, sentAt: number): ExecutionResult {
  return {
    outputs: Object.fromEntries(outputs.map(({ name, ...tensor }) => [name, tensor])),
    phases: {
      computeInputMs: startedAt - sentAt,
      computeInferMs: endedAt - startedAt,
      computeOutputMs: sharedNow() - endedAt,
    },
  };
}

function failureOf(message: Exclude<WorkerMessage, Ran>): MillraceError {
  const reason = message.kind === 'failed' ? message.reason : `the worker said ${message.kind} out of turn`;
  const code = message.kind === 'failed' && message.outOfMemory ? 'OUT_OF_MEMORY' : 'EXECUTION_FAILED';
  return new MillraceError(code, `The model raised an error: ${withoutPaths(reason)}`, { cause: reason });
}
