/*
 * `npm run bench -- v2`: the Open Inference Protocol. What millrace itself takes for a large binary request over REST, and
 * how many small ones it answers, over REST and gRPC, beside /predict with JSON. Needs wrk and h2load.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { model, node } from '../test/support/model-parts.js';
import { type CallLoad, faultOfCalls, loadCalls, writeCall } from './grpc-load.js';
import { itemsOf } from './items.js';
import { faultOf, type LoadResult, loadFiles } from './load.js';
import { targetTable } from './report.js';
import { startMillrace } from './subjects.js';
import { type Spread, spreadOf } from './summary.js';
import type { TargetResult } from './targets.js';
import { measureOwnTime, median, type OwnTime } from './v2-own-time.js';
import { prepareWorkload, type Workload } from './workload.js';

const SIZE = 224;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const MOST_OWN_MS = 0.35;
const LEAST_RATIO = 0.8;
const LEAST_GRPC_RATIO = 0.5;

export interface V2Options {
  readonly rounds: number;
  readonly seconds: number;
}

interface Rates {
  readonly binary: number;
  readonly json: number;
  readonly grpc: number;
  readonly predict: number;
}

/** @returns what went wrong */
export async function benchV2({ rounds, seconds }: V2Options, dir: string): Promise<string[]> {
  const faults: string[] = [];
  const pixels = await preparePixels(dir);
  const penguins = await prepareWorkload('penguins', dir);
  const bodies = await prepareBodies(penguins, dir);
  const own: OwnTime[] = [];
  const rates: Rates[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    own.push(await measureOwnTime(pixels.repository, { ...pixels, seconds }));
    rates.push(await measureRates(penguins, bodies, { seconds, faults }));
    console.error(`bench: round ${round} of ${rounds}`);
  }
  console.log(report(own, rates));
  return faults;
}

interface BinaryBodies {
  readonly binary: string;
  readonly json: string;
  /** A file: one call over gRPC. */
  readonly call: string;
  readonly count: number;
  /** Of each binary body; all have the same. */
  readonly jsonBytes: number;
}

/** A model that takes a picture's floats and costs next to nothing; and a request for it. */
async function preparePixels(dir: string) {
  const repository = join(dir, 'pixels', 'models');
  await mkdir(join(repository, 'pixels'), { recursive: true });
  const mean = model({ x: ['N', 3, SIZE, SIZE] }, { y: ['N', 3, 1, 1] }, [node('GlobalAveragePool', ['x'], 'y')]);
  await writeFile(join(repository, 'pixels/model.onnx'), mean);
  const floats = Float32Array.from({ length: 3 * SIZE * SIZE }, () => Math.random());
  return { repository, ...binaryRequest('x', [1, 3, SIZE, SIZE], floats) };
}

function binaryRequest(
  name: string,
  shape: readonly number[],
  floats: Float32Array,
): { body: Buffer; jsonBytes: number } {
  const parameters = { binary_data_size: floats.byteLength };
  const json = JSON.stringify({
    inputs: [{ name, shape, datatype: 'FP32', parameters }],
    parameters: { binary_data_output: true },
  });
  return { body: Buffer.concat([Buffer.from(json), Buffer.from(floats.buffer)]), jsonBytes: json.length };
}

/** The items of the workload as requests of the protocol, in both forms. */
async function prepareBodies({ name }: Workload, dir: string): Promise<BinaryBodies> {
  const [binary, json] = [join(dir, 'v2-binary'), join(dir, 'v2-json')];
  await mkdir(binary);
  await mkdir(json);
  const items = itemsOf(name);
  let jsonBytes = 0;
  for (const [index, item] of items.entries()) {
    const request = binaryRequest('features', [1, item.length], Float32Array.from(item));
    jsonBytes = request.jsonBytes;
    await writeFile(join(binary, String(index)), request.body);
    const input = { name: 'features', shape: [1, item.length], datatype: 'FP32', data: item };
    await writeFile(join(json, String(index)), JSON.stringify({ inputs: [input] }));
  }
  const call = join(dir, 'v2-call');
  const floats = Float32Array.from(items[0] as readonly number[]);
  await writeCall(call, { model: name, name: 'features', shape: [1, floats.length], floats });
  return { binary, json, call, count: items.length, jsonBytes };
}

async function measureRates(
  { name, repository, bodies }: Workload,
  { binary, json, call, count, jsonBytes }: BinaryBodies,
  { seconds, faults }: { seconds: number; faults: string[] },
): Promise<Rates> {
  const server = await startMillrace(repository);
  try {
    const url = `${server.url}/v2/models/${name}/infer`;
    const { dir, texts } = bodies.input;
    const predict = { url: `${server.url}/predict`, type: 'application/json', files: dir, count: texts.length };
    const header = `Inference-Header-Content-Length: ${jsonBytes}`;
    const octets = { url, type: 'application/octet-stream', files: binary, count, header };
    const text = { url, type: 'application/json', files: json, count };
    const rate = async (what: string, load: typeof predict & { header?: string }) => {
      await server.during(loadFiles({ ...load, connections: CONNECTIONS, seconds: WARM_UP_SECONDS }));
      const result: LoadResult = await server.during(loadFiles({ ...load, connections: CONNECTIONS, seconds }));
      const fault = faultOf(result);
      if (fault !== undefined) faults.push(`${what}: ${fault}`);
      return result.requests / result.seconds;
    };
    const calls = { address: server.grpcAddress, file: call, connections: CONNECTIONS };
    const before = await rate('/predict', predict);
    const rates = {
      binary: await rate('binary', octets),
      grpc: await server.during(grpcRate(calls, seconds)),
      json: await rate('JSON', text),
    };
    const fault = await faultOfCalls(server.url);
    if (fault !== undefined) faults.push(`gRPC: ${fault}`);
    // The machine drifts: what is compared with stands on both sides of it.
    return { ...rates, predict: (before + (await rate('/predict', predict))) / 2 };
  } finally {
    await server.stop();
  }
}

async function grpcRate(calls: Omit<CallLoad, 'seconds'>, seconds: number): Promise<number> {
  await loadCalls({ ...calls, seconds: WARM_UP_SECONDS });
  return loadCalls({ ...calls, seconds });
}

function report(own: readonly OwnTime[], rates: readonly Rates[]): string {
  const ownMs = spreadOf(own.map((each) => each.ownMs)) as Spread;
  const ratio = spreadOf(rates.map(({ binary, predict }) => binary / predict)) as Spread;
  const grpcRatio = spreadOf(rates.map(({ grpc, binary }) => grpc / binary)) as Spread;
  const results: TargetResult[] = [
    {
      target: `binary infer of 1×3×${SIZE}×${SIZE} floats, 1 connection: own time, p50`,
      wanted: `≤ ${MOST_OWN_MS} ms`,
      measured: ownMs,
      unit: 'ms',
      met: ownMs.median <= MOST_OWN_MS,
    },
    {
      target: `penguins, ${CONNECTIONS} connections: binary infer against /predict with JSON`,
      wanted: `≥ ${LEAST_RATIO} ×`,
      measured: ratio,
      unit: '×',
      met: ratio.median >= LEAST_RATIO,
    },
    {
      target: `penguins, ${CONNECTIONS} connections: gRPC against binary infer over HTTP`,
      wanted: `≥ ${LEAST_GRPC_RATIO} ×`,
      measured: grpcRatio,
      unit: '×',
      met: grpcRatio.median >= LEAST_GRPC_RATIO,
    },
  ];
  const perSecond = (of: keyof Rates) => Math.round(median(rates.map((each) => each[of])));
  return [
    targetTable(results),
    '',
    `The whole binary request took ${median(own.map(({ wholeMs }) => wholeMs)).toFixed(2)} ms at the median.`,
    `penguins: ${perSecond('binary')} binary, ${perSecond('json')} JSON, ${perSecond('grpc')} gRPC and ${perSecond('predict')} /predict requests a second.`,
  ].join('\n');
}
