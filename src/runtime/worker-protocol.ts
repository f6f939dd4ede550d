import type { Signature } from '../model/signature.js';
import type { Datatype, TensorData } from '../tensor/datatype.js';
import type { InstanceSpec } from './backend.js';

/** A tensor on its way to a worker or back. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a worker is started with; the memory is for one that is a process. */
export type WorkerStart = Pick<InstanceSpec, 'modelPath' | 'providers' | 'session' | 'memoryBytes'>;

/** One batch to run; the worker answers each before it takes the next. */
export interface RunMessage {
  readonly inputs: readonly WireTensor[];
}

/** What a worker says: once `loaded` or `refused`, then one answer to each batch. A process also says how much memory it holds. */
export type WorkerMessage =
  | {
      readonly kind: 'loaded';
      readonly signature: Signature;
      readonly provider: string;
      readonly residentBytes?: number;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'ran';
      readonly outputs: readonly WireTensor[];
      readonly startedAt: number;
      readonly endedAt: number;
      readonly residentBytes?: number;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly outOfMemory: boolean };

/** The part of a spec that a worker needs. */
export function startOf({ modelPath, providers, session, memoryBytes }: InstanceSpec): WorkerStart {
  return { modelPath, providers, session, memoryBytes };
}

/** Milliseconds on the clock that all threads and processes of the machine share; `performance.now()` starts anew in each. */
export function sharedNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The buffers of the tensors' numbers, for a transfer list; each once. */
export function transferList(tensors: readonly WireTensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) if (!Array.isArray(data)) buffers.add(data.buffer as ArrayBuffer);
  return [...buffers];
}
