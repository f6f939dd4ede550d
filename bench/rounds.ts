import { fileURLToPath } from 'node:url';
import { metricValue } from '../test/support/metrics-text.js';
import type { WorkloadName } from './items.js';
import { faultOf, type LoadGenerator, type LoadResult } from './load.js';
import type { BenchOptions } from './options.js';
import { residentBytes, runProcess } from './processes.js';
import type { RawOptions, RawRate } from './raw-loop.js';
import { type Subject, type SubjectName, startSubject, subjectNames } from './subjects.js';
import { sampleAnswer, verifyAnswers } from './verify.js';
import type { Workload } from './workload.js';

/** One measurement: a server under so many connections, in one round. */
export interface Row extends LoadResult {
  readonly workload: WorkloadName;
  readonly subject: SubjectName;
  readonly connections: number;
  readonly round: number;
  readonly perSecond: number;
  /** Rows of one run of the model; null where none is run. */
  readonly meanBatch: number | null;
  /** Of the server's process, after the load. */
  readonly rssBytes: number | null;
}

export interface RawRow extends RawRate {
  readonly workload: WorkloadName;
  readonly round: number;
}

/** Where the measurements go as they are made. */
export interface Journal {
  row(row: Row): void;
  rawRow(row: RawRow): void;
  /** Something went wrong that makes the whole run fail. */
  fault(text: string): void;
}

type Plan = Pick<BenchOptions, 'connections' | 'rounds' | 'seconds' | 'warmUpSeconds'> & {
  readonly workloads: readonly Workload[];
  readonly generator: LoadGenerator;
};

const RAW_BATCHES = [1, 2, 4, 8, 16, 32, 64];
const WARM_UP_CONNECTIONS = 32;
/** Of a measurement's time, for each batch size: so raw takes about as long as one server. */
const RAW_SHARE = 0.25;
const RAW_LIMIT_MS = 120_000;
const rawScript = fileURLToPath(new URL('./raw-loop.js', import.meta.url));

/**
 * Measures every subject in every round, one at a time: what a drifting machine does to one, it does to the others
 * of that round. Each round begins with another subject.
 */
export async function measureRounds(plan: Plan, journal: Journal): Promise<void> {
  const answers = new Map<Workload, unknown>();
  for (const workload of plan.workloads) answers.set(workload, await sampleAnswer(workload));
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const workload of plan.workloads) {
      for (const rate of await measureRaw(workload, plan.seconds * RAW_SHARE)) {
        journal.rawRow({ workload: workload.name, round, ...rate });
      }
      for (const name of rotated(subjectNames, round - 1)) {
        const constant = answers.get(workload);
        const subject = await startSubject(name, workload, constant);
        try {
          await verifyAnswers(subject, workload, constant);
          await measureSubject(subject, { ...plan, workload, round }, journal);
        } finally {
          await subject.stop();
        }
      }
    }
  }
}

async function measureRaw({ name, modelPath }: Workload, seconds: number): Promise<RawRate[]> {
  const options: RawOptions = { workload: name, modelPath, batches: RAW_BATCHES, seconds };
  const args = [rawScript, JSON.stringify(options)];
  const output = await runProcess(process.execPath, args, { cwd: '.', limitMs: RAW_LIMIT_MS + 15e3 * seconds });
  return JSON.parse(output) as RawRate[];
}

async function measureSubject(
  subject: Subject,
  plan: Plan & { readonly workload: Workload; readonly round: number },
  journal: Journal,
): Promise<void> {
  const { workload, round, seconds, generator } = plan;
  const { name, url, pid } = subject;
  const load = async (connections: number, seconds: number): Promise<LoadResult> => {
    const result = await subject.during(generator.run({ url, workload, connections, seconds }));
    const fault = faultOf(result);
    if (fault !== undefined) {
      journal.fault(`${workload.name}, ${name}, ${connections} connections, round ${round}: ${fault}`);
    }
    return result;
  };
  await load(WARM_UP_CONNECTIONS, plan.warmUpSeconds);
  for (const connections of plan.connections) {
    const before = await batchCounts(subject);
    const result = await load(connections, seconds);
    const after = await batchCounts(subject);
    journal.row({
      workload: workload.name,
      subject: name,
      connections,
      round,
      perSecond: result.requests / result.seconds,
      ...result,
      meanBatch: meanBatch(name, before, after),
      rssBytes: residentBytes(pid),
    });
  }
}

interface BatchCounts {
  readonly rows: number;
  readonly batches: number;
}

async function batchCounts({ name, url }: Subject): Promise<BatchCounts> {
  if (name !== 'millrace') return { rows: 0, batches: 0 };
  const text = await (await fetch(`${url}/metrics`)).text();
  return {
    rows: metricValue(text, 'millrace_batch_rows_sum') ?? 0,
    batches: metricValue(text, 'millrace_batch_rows_count') ?? 0,
  };
}

function meanBatch(name: SubjectName, before: BatchCounts, after: BatchCounts): number | null {
  if (name.startsWith('constant')) return null;
  if (name.startsWith('handler')) return 1;
  return (after.rows - before.rows) / (after.batches - before.batches);
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
