import type { Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ProviderChoice } from './execution-providers.js';
import type { Isolation, SessionConfig } from './runtime-config.js';

/** How long one execution spent on the way in (the hop to the instance included), in the model, and on the way out, in milliseconds. */
export interface ExecutionPhases {
  readonly computeInputMs: number;
  readonly computeInferMs: number;
  readonly computeOutputMs: number;
}

export interface ExecutionResult {
  readonly outputs: NamedTensors;
  readonly phases: ExecutionPhases;
}

/** What an instance is made from. */
export interface InstanceSpec {
  /** How logs and metrics call it, such as `penguins/1#0`. */
  readonly name: string;
  readonly modelPath: string;
  readonly providers: readonly ProviderChoice[];
  readonly session: SessionConfig;
  readonly isolation: Isolation;
  /** Bytes of memory that it may ask the system for, if it is a process, beside what Node.js takes; undefined without a limit. */
  readonly memoryBytes: number | undefined;
}

/** One loaded copy of a model that runs one batch at a time. */
export interface Instance {
  readonly name: string;
  readonly signature: Signature;
  /** The execution provider that the model really runs on; such as `cuda+cpu` where the CPU runs the part that the provider cannot. */
  readonly provider: string;
  /** Settles with the reason when the instance can run nothing more, whoever ended it. Never rejects. */
  readonly ended: Promise<string>;
  /** Bytes of physical memory that the instance's own process held when it last said so; undefined where it has none of its own. */
  readonly residentBytes?: number | undefined;
  /**
   * Runs one batch. The memory of `inputs` may be taken over: the caller must not read them afterwards.
   *
   * @throws MillraceError EXECUTION_FAILED if the model refuses the values; OUT_OF_MEMORY if they take more memory than
   * there is; EXECUTION_TIMEOUT if they take too long; INSTANCE_CRASHED if the instance ends meanwhile
   */
  run(inputs: NamedTensors): Promise<ExecutionResult>;
  /** Settles after the end, when the memory is free again: the thread or the process is gone. Never rejects; without it that is at once. */
  readonly released?: Promise<void>;
  /** Ends the instance, at once: what it runs fails with INSTANCE_CRASHED. Idempotent. */
  destroy(reason: string): void;
}

/** What whoever starts an instance hears of it, and how he calls it off. */
export interface StartOptions {
  /** Aborts when nobody wants the instance any more: if it is still loading then, it ends, and its start rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Something for the operator, now or later: what native code wrote, a limit that does not work here. */
  said(text: string): void;
}

/** Strategy: where and by which runtime models run. Another runtime, process or language is another Backend. */
export interface Backend {
  readonly name: string;
  /**
   * Loads a model into a new instance.
   *
   * @throws MillraceError MODEL_UNAVAILABLE with the reason if the model cannot be loaded
   */
  start(spec: InstanceSpec, options: StartOptions): Promise<Instance>;
}
