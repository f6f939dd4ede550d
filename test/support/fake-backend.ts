import { MillraceError } from '#src/core/errors.js';
import type { Signature } from '#src/model/signature.js';
import type { Backend, ExecutionResult, Instance, InstanceSpec } from '#src/runtime/backend.js';
import type { NamedTensors } from '#src/tensor/tensor.js';

const floats = (name: string) => ({ name, datatype: 'FP32', shape: [{ symbol: 'N' }, 2] }) as const;

/** An instance that does what its backend says, and ends when the test says so. */
export class BackendInstance implements Instance {
  readonly name: string;
  readonly signature: Signature;
  readonly provider: string;
  readonly ended: Promise<string>;
  readonly released: Promise<void>;
  /** What `destroy` was first called with. */
  destroyedWith: string | undefined;
  readonly #run: (inputs: NamedTensors) => Promise<NamedTensors>;
  #end: (reason: string) => void = () => undefined;
  /** Rejects when the instance ends, and so what it runs. */
  readonly #crash: Promise<never>;

  constructor(spec: InstanceSpec, backend: FakeBackend) {
    this.name = spec.name;
    this.signature = backend.signature;
    this.provider = spec.providers[0]?.name ?? 'cpu';
    this.#run = (inputs) => backend.onRun(inputs, this);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.released = this.ended.then(() => backend.onRelease(this));
    this.#crash = this.ended.then((reason) => {
      throw new MillraceError('INSTANCE_CRASHED', 'The fake instance ended.', { cause: reason });
    });
    this.#crash.catch(() => undefined);
  }

  /** Dies by itself, whether it runs something or not. */
  crash(reason: string): void {
    this.#end(reason);
  }

  async run(inputs: NamedTensors): Promise<ExecutionResult> {
    const outputs = await Promise.race([this.#crash, this.#run(inputs)]);
    return { outputs, phases: { computeInputMs: 1, computeInferMs: 2, computeOutputMs: 3 } };
  }

  destroy(reason: string): void {
    this.destroyedWith ??= reason;
    this.#end(reason);
  }
}

/** A backend whose instances load and run as the test says; unless told otherwise both go well, and at once. */
export class FakeBackend implements Backend {
  readonly name = 'fake';
  /** Every start that was asked for, also those that failed. */
  readonly specs: InstanceSpec[] = [];
  /** The instances that loaded, in order. */
  readonly instances: BackendInstance[] = [];
  signature: Signature = { inputs: [floats('x')], outputs: [floats('y')] };
  /** Loads an instance: may take its time, or throw. */
  onStart: (spec: InstanceSpec) => Promise<void> = async () => undefined;
  /** Runs a batch; y = x unless the test says otherwise. */
  onRun: (inputs: NamedTensors, instance: BackendInstance) => Promise<NamedTensors> = async ({ x }) =>
    x === undefined ? {} : { y: x };

  /** Frees the memory of an instance that has ended: may take its time. */
  onRelease: (instance: BackendInstance) => Promise<void> = async () => undefined;

  async start(spec: InstanceSpec): Promise<BackendInstance> {
    this.specs.push(spec);
    await this.onStart(spec);
    const instance = new BackendInstance(spec, this);
    this.instances.push(instance);
    return instance;
  }

  /** The instance that loaded last. */
  get last(): BackendInstance {
    const instance = this.instances.at(-1);
    if (instance === undefined) throw new Error('no instance has loaded');
    return instance;
  }
}
