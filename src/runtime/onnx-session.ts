import { dirname, sep } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { reasonOf } from '../core/errors.js';
import type { Dimension, Signature, TensorSpec } from '../model/signature.js';
import type { Datatype } from '../tensor/datatype.js';
import type { ProviderChoice } from './execution-providers.js';
import { sharedNow, type WireTensor, type WorkerStart } from './worker-protocol.js';

/** ONNX Runtime's names of the datatypes that its Node binding carries. */
const ortTypes = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, Ort.Tensor.Type>;

const datatypeOf = new Map<string, Datatype>(
  Object.entries(ortTypes).map(([datatype, type]) => [type, datatype as Datatype]),
);

/** A model in ONNX Runtime, on the thread that calls it: `run` blocks that thread for as long as the model takes. */
export interface OnnxSession {
  readonly signature: Signature;
  readonly provider: string;
  run(inputs: readonly WireTensor[]): Promise<{ outputs: WireTensor[]; startedAt: number; endedAt: number }>;
}

/**
 * Opens a model file.
 *
 * @throws Error with a reason for the operator if ONNX Runtime refuses it, or if it takes or gives what is no tensor
 */
export async function openSession({ modelPath, providers, session: config }: WorkerStart): Promise<OnnxSession> {
  const ort = await importRuntime();
  const options: Ort.InferenceSession.SessionOptions = {
    intraOpNumThreads: config.intra_op_threads,
    executionMode: 'sequential',
    graphOptimizationLevel: config.graph_optimization,
    enableCpuMemArena: config.memory_arena,
    enableMemPattern: config.memory_pattern,
    extra: config.config,
    // Fatal only: what fails is told by the exception, and the server's log is JSON lines.
    logSeverityLevel: 4,
  };
  const { session, provider } = await createSession(ort, { modelPath, providers, options });
  return {
    signature: { inputs: session.inputMetadata.map(tensorSpec), outputs: session.outputMetadata.map(tensorSpec) },
    provider,
    run: (inputs) => run(ort, session, inputs),
  };
}

interface SessionRequest {
  readonly modelPath: string;
  readonly providers: readonly ProviderChoice[];
  readonly options: Ort.InferenceSession.SessionOptions;
}

/**
 * Creates a session, and finds out where it runs. The runtime hands every node that a provider cannot take to the
 * CPU, without a word: so a provider is first asked to take the whole model, and only what fails then is said to
 * run on both.
 */
async function createSession(
  ort: typeof Ort,
  { modelPath, providers, options }: SessionRequest,
): Promise<{ session: Ort.InferenceSession; provider: string }> {
  const first = providers[0]?.name ?? 'cpu';
  const create = (list: readonly ProviderChoice[], extra: Record<string, unknown>) => {
    const executionProviders = list.map(({ name, options: own }) => ({ ...own, name }));
    return ort.InferenceSession.create(modelPath, {
      ...options,
      executionProviders,
      extra: { ...options.extra, ...extra },
    });
  };
  if (first === 'cpu') return { session: await create(providers, {}), provider: first };
  const withoutCpu = providers.filter(({ name }) => name !== 'cpu');
  try {
    return { session: await create(withoutCpu, { 'session.disable_cpu_ep_fallback': '1' }), provider: first };
  } catch {
    return { session: await create(providers, {}), provider: `${first}+cpu` };
  }
}

/**
 * onnxruntime-node 1.30 takes a global Float16Array (Node 24) for a sign that float16 data comes in one, and then
 * miscounts its bytes; without it, float16 is the bit patterns in a Uint16Array on every version of Node. Only the
 * thread that runs models may lose the global, so nothing else imports the runtime.
 */
async function importRuntime(): Promise<typeof Ort> {
  Reflect.deleteProperty(globalThis, 'Float16Array');
  return import('onnxruntime-node');
}

async function run(ort: typeof Ort, session: Ort.InferenceSession, inputs: readonly WireTensor[]) {
  const feeds: Record<string, Ort.Tensor> = {};
  for (const { name, datatype, shape, data } of inputs) {
    if (Array.isArray(data) && data.some((text) => text.includes('\0')))
      throw new Error(`a string of ${name} holds a NUL`);
    feeds[name] = new ort.Tensor(ortTypes[datatype], data, shape);
  }
  const startedAt = sharedNow();
  const results = await session.run(feeds);
  const endedAt = sharedNow();
  const outputs = session.outputNames.map((name): WireTensor => {
    const { type, dims, data } = results[name] as Ort.Tensor;
    return { name, datatype: datatypeOf.get(type) as Datatype, shape: dims, data };
  });
  return { outputs, startedAt, endedAt };
}

function tensorSpec(metadata: Ort.InferenceSession.ValueMetadata): TensorSpec {
  const { name } = metadata;
  if (!metadata.isTensor) throw new Error(`${name} is a sequence, a map or an optional; only tensors are served`);
  const datatype = datatypeOf.get(metadata.type);
  if (datatype === undefined) throw new Error(`${name} is of the datatype ${metadata.type}, which is not served`);
  if (name === '__proto__') throw new Error('a tensor is called __proto__, which no request can name safely');
  return { name, datatype, shape: metadata.shape.map((size) => dimension(size)) };
}

function dimension(size: number | string): Dimension {
  if (typeof size === 'number') return size;
  return { symbol: size === '' ? null : size };
}

/** Whether a run failed because there was no memory for it: its own fault then says nothing about the values. */
export function isOutOfMemory(error: unknown): boolean {
  return /bad_alloc|failed to allocate memory|out of memory/i.test(reasonOf(error));
}

/** ONNX Runtime's reason in words for the operator. */
export function loadFailure(error: unknown, modelPath: string): string {
  const reason = reasonOf(error).replaceAll(dirname(modelPath) + sep, '');
  const datatype = /Unsupported data type: (\d+)/.exec(reason)?.[1];
  if (datatype === undefined) return reason;
  const name = datatype === '16' ? 'BF16' : `number ${datatype} of ONNX's TensorProto.DataType`;
  return `an input or output is of the datatype ${name}, which ONNX Runtime's Node binding does not take; convert it to FP32 or FP16`;
}
