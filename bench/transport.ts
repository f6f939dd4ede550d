/*
 * `npm run bench -- transport`: the way of a batch to an instance and back, in a worker thread and in a process. The
 * model gives what it gets, so that hardly anything but the way is measured. No server.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '#src/runtime/backend.js';
import { OnnxBackend } from '#src/runtime/onnx-backend.js';
import { type Isolation, sessionSchema } from '#src/runtime/runtime-config.js';
import type { NamedTensors } from '#src/tensor/tensor.js';
import { identity } from '../test/support/fixture-models.js';
import { markdownTable, whole } from './figures.js';
import type { BenchOptions } from './options.js';

/** Bytes of one row. */
const ROW_BYTES = 2_048;
const ROWS = [1, 32, 300] as const;
const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];
const ROUNDS = 9;
const RUNS = 200;

/** Of one round: the median time of a batch, and what the main thread spent on each. */
interface Figures {
  readonly roundTripUs: number;
  /** Undefined where the system does not tell the time of one thread. */
  readonly mainThreadUs: number | undefined;
}

/** Measures and prints; takes some seconds. */
export async function benchTransport(_options: BenchOptions, dir: string): Promise<string[]> {
  const modelPath = join(dir, 'identity.onnx');
  writeFileSync(modelPath, identity('FP32', ['N', ROW_BYTES / 4]));
  const instances = await Promise.all(ISOLATIONS.map((isolation) => start(modelPath, isolation)));
  const rows: string[][] = [];
  for (const batchRows of ROWS) {
    // In turns, so that a machine that gets slower is slow for all.
    const rounds: Figures[][] = instances.map(() => []);
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, instance] of instances.entries()) {
        const figures = await measure(instance, batchRows);
        // The first round warms up.
        if (round > 0) rounds[index]?.push(figures);
      }
    }
    for (const [index, isolation] of ISOLATIONS.entries()) {
      const best = bestOf(rounds[index] ?? []);
      const cpu = best.mainThreadUs === undefined ? '–' : whole(best.mainThreadUs);
      rows.push([whole(batchRows * ROW_BYTES), isolation, whole(best.roundTripUs), cpu]);
    }
  }
  for (const instance of instances) instance.destroy('the benchmark is over');
  console.log(`The best of ${ROUNDS} rounds of ${RUNS} batches, one after the other; as many bytes come back.\n`);
  console.log(markdownTable(['bytes of a batch', 'instance', 'median round trip, µs', 'main thread, µs'], rows, 2));
  return [];
}

function start(modelPath: string, isolation: Isolation): Promise<Instance> {
  const providers = [{ name: 'cpu', options: {} }] as const;
  const spec = { name: isolation, modelPath, providers, session: sessionSchema.parse({}) };
  const options = { signal: new AbortController().signal, said: (text: string) => console.error(text) };
  return new OnnxBackend().start({ ...spec, isolation, memoryBytes: undefined }, options);
}

async function measure(instance: Instance, batchRows: number): Promise<Figures> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const batch = batchOf(batchRows);
    const at = performance.now();
    await instance.run(batch);
    times.push((performance.now() - at) * 1e3);
  }
  // Made before, since that must not count; too much memory at once for the times above to be those of a server.
  const batches = Array.from({ length: RUNS }, () => batchOf(batchRows));
  const cpuAt = mainThreadUs();
  for (const batch of batches) await instance.run(batch);
  const cpu = mainThreadUs();
  const median = times.sort((a, b) => a - b)[RUNS / 2] as number;
  return { roundTripUs: median, mainThreadUs: cpu && cpuAt && (cpu - cpuAt) / RUNS };
}

function batchOf(rows: number): NamedTensors {
  const data = new Float32Array((rows * ROW_BYTES) / 4).fill(1);
  return { x: { datatype: 'FP32', shape: [rows, ROW_BYTES / 4], data } };
}

/** Other work on the machine only ever adds. */
function bestOf(rounds: readonly Figures[]): Figures {
  const cpu = rounds.map(({ mainThreadUs: us }) => us).filter((us) => us !== undefined);
  return {
    roundTripUs: Math.min(...rounds.map(({ roundTripUs }) => roundTripUs)),
    mainThreadUs: cpu.length === 0 ? undefined : Math.min(...cpu),
  };
}

/** Microseconds of processor time of the main thread so far. Source: the kernel's Documentation/scheduler/sched-stats.rst. */
function mainThreadUs(): number | undefined {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e3;
  } catch {
    return undefined;
  }
}
