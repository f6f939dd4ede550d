import type { Backend, Instance, InstanceSpec, StartOptions } from './backend.js';
import { ProcessChannel } from './process-channel.js';
import { ThreadChannel } from './thread-channel.js';
import { WorkerInstance } from './worker-instance.js';

/** ONNX Runtime, each instance in a worker thread of this process or in a process of its own. */
export class OnnxBackend implements Backend {
  readonly name = 'onnxruntime';
  readonly #givenUpThreads = new Set<ThreadChannel>();

  /** Threads that nobody waits for any more and that have not come back from native code. */
  get givenUpThreads(): number {
    return this.#givenUpThreads.size;
  }

  start(spec: InstanceSpec, options: StartOptions): Promise<Instance> {
    return WorkerInstance.start(spec, options, (listener) =>
      spec.isolation === 'process'
        ? new ProcessChannel(spec, listener)
        : new ThreadChannel(spec, listener, { givenUp: this.#givenUpThreads }),
    );
  }
}
