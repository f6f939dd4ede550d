import type { Signature } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ProviderChoice } from './execution-providers.js';
import type { SessionConfig } from './runtime-config.js';

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
}

/** One loaded copy of a model that runs one batch at a time. */
export interface Instance {
  readonly name: string;
  readonly signature: Signature;
  /** The execution provider that the model really runs on; such as `cuda+cpu` where the CPU runs the part that the provider cannot. */
  readonly provider: string;
  /** Settles with the reason when the instance can run nothing more, whoever ended it. Never rejects. */
  readonly ended: Promise<string>;
  /**
   * Runs one batch. The memory of `inputs` may be taken over: the caller must not read them afterwards.
   *
   * @throws MillraceError EXECUTION_FAILED if the model refuses the values; INSTANCE_CRASHED if the instance ends meanwhile
   */
  run(inputs: NamedTensors): Promise<ExecutionResult>;
  /** Settles after the end, when the memory is free again: the thread is gone. Never rejects; without it that is at once. */
  readonly released?: Promise<void>;
  /** Ends the instance, at once: what it runs fails with INSTANCE_CRASHED. Idempotent. */
  destroy(reason: string): void;
}

/** Strategy: where and by which runtime models run. Another runtime, process or language is another Backend. */
export interface Backend {
  readonly name: string;
  /**
   * Loads a model into a new instance.
   *
   * @throws MillraceError MODEL_UNAVAILABLE with the reason if the model cannot be loaded
   */
  start(spec: InstanceSpec): Promise<Instance>;
}
