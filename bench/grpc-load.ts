/*
 * Load over gRPC, with h2load of nghttp2: a client as cheap as wrk, so that it is the server that is measured. It sends one
 * message again and again and knows nothing of gRPC; whether calls went well is asked of the server.
 */
import { writeFile } from 'node:fs/promises';
import { inferenceProtocol } from '#src/grpc/proto-files.js';
import { metricValue } from '../test/support/metrics-text.js';
import { runProcess } from './processes.js';

/** Beyond its time, for connecting and ending. */
const SPARE_MS = 30_000;
/** Before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
const PATH = '/inference.GRPCInferenceService/ModelInfer';

export interface CallLoad {
  /** `host:port`. */
  readonly address: string;
  /** A file that `writeCall` wrote. */
  readonly file: string;
  /** Each with one call at a time. */
  readonly connections: number;
  readonly seconds: number;
}

/** Writes a ModelInferRequest of one FP32 input, as it is sent. */
export async function writeCall(
  file: string,
  { model, name, shape, floats }: { model: string; name: string; shape: readonly number[]; floats: Float32Array },
): Promise<void> {
  const message = inferenceProtocol
    .lookupType('inference.ModelInferRequest')
    .encode({
      model_name: model,
      inputs: [{ name, datatype: 'FP32', shape }],
      raw_input_contents: [Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength)],
    })
    .finish();
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  await writeFile(file, Buffer.concat([prefix, message]));
}

/**
 * @returns calls that were answered, a second
 * @throws Error if h2load is not there
 */
export async function loadCalls({ address, file, connections, seconds }: CallLoad): Promise<number> {
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const args = [
    '-c',
    `${connections}`,
    '-m',
    '1',
    '-D',
    `${seconds}`,
    '-d',
    file,
    ...headers,
    `http://${address}${PATH}`,
  ];
  const output = await runProcess('h2load', args, { cwd: '.', limitMs: seconds * 1e3 + SPARE_MS });
  const [, perSecond] = /^finished in \S+, ([\d.]+) req\/s/m.exec(output) ?? [];
  if (perSecond === undefined) throw new Error(`h2load gave no result:\n${output}`);
  return Number(perSecond);
}

/** What went wrong with the calls that a server has had, as text; undefined if nothing did. */
export async function faultOfCalls(url: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const calls = metricValue(text, 'millrace_grpc_calls_total') ?? 0;
  const good = metricValue(text, 'millrace_grpc_calls_total', { status: 'OK' }) ?? 0;
  // The last ones, whose client was ended by the clock before the answer.
  const cut = metricValue(text, 'millrace_grpc_calls_total', { status: 'CANCELLED' }) ?? 0;
  if (good === 0) return 'no call was answered';
  return good + cut === calls ? undefined : `${calls - good - cut} calls failed`;
}
