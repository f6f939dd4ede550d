import type { Signature } from '../model/signature.js';
import type { Datatype, TensorData } from '../tensor/datatype.js';
import type { ProviderChoice } from './execution-providers.js';
import type { SessionConfig } from './runtime-config.js';

/** A tensor on its way between threads; numeric data travels by transfer, so its sender loses it. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly modelPath: string;
  readonly providers: readonly ProviderChoice[];
  readonly session: SessionConfig;
}

/** One batch to run; the worker answers each before it takes the next. */
export interface RunMessage {
  readonly inputs: readonly WireTensor[];
}

/** What a worker says: once `loaded` or `refused`, then one answer to each batch. */
export type WorkerMessage =
  | { readonly kind: 'loaded'; readonly signature: Signature; readonly provider: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'ran';
      readonly outputs: readonly WireTensor[];
      readonly startedAt: number;
      readonly endedAt: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** Milliseconds on the clock that all threads of the process share; `performance.now()` starts anew in each thread. */
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
