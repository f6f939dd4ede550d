import { fileURLToPath } from 'node:url';
import type { WorkloadName } from './items.js';
import { faultOf, type LoadGenerator, type LoadResult } from './load.js';
import type { BenchOptions } from './options.js';
import type { PeerName } from './peer-table.js';
import { runProcess } from './processes.js';
import type { RawOptions, RawRate } from './raw-loop.js';
import type { BatchCounts, Subject } from './served.js';
import type { SubjectName } from './subjects.js';
import { verifyAnswers } from './verify.js';
import type { Workload } from './workload.js';

/** Any of those that can be measured. */
export type AnySubject = SubjectName | PeerName;

/** One measurement: a server under so many connections, in one round. */
export interface Row extends LoadResult {
  readonly workload: WorkloadName;
  readonly subject: AnySubject;
  readonly connections: number;
  readonly round: number;
  readonly perSecond: number;
  /** Rows of one run of the model; null where none is run. */
  readonly meanBatch: number | null;
  /** Of the server's processes, after the load; what several of them share counts once. */
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
  /** A subject could not be measured on a model. What this throws ends the run, else the others are measured without it. */
  lost(subject: AnySubject, workload: WorkloadName, error: Error): void;
}

/** A server that can be started. */
export interface Contestant {
  readonly name: AnySubject;
  start(workload: Workload): Promise<Subject<AnySubject>>;
}

type Plan = Pick<BenchOptions, 'connections' | 'rounds' | 'seconds' | 'warmUpSeconds'> & {
  readonly workloads: readonly Workload[];
  readonly generator: LoadGenerator;
  readonly contestants: readonly Contestant[];
  /** Whether the bare model is measured as well. */
  readonly raw: boolean;
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
  const lost = new Set<string>();
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const workload of plan.workloads) {
      if (plan.raw) {
        for (const rate of await measureRaw(workload, plan.seconds * RAW_SHARE)) {
          journal.rawRow({ workload: workload.name, round, ...rate });
        }
      }
      for (const contestant of rotated(plan.contestants, round - 1)) {
        const key = `${contestant.name} ${workload.name}`;
        if (lost.has(key)) continue;
        try {
          await takeTurn(contestant, { ...plan, workload, round }, journal);
        } catch (error) {
          lost.add(key);
          journal.lost(contestant.name, workload.name, error as Error);
        }
      }
    }
  }
}

type Turn = Plan & { readonly workload: Workload; readonly round: number };

async function takeTurn(contestant: Contestant, turn: Turn, journal: Journal): Promise<void> {
  const subject = await contestant.start(turn.workload);
  try {
    await verifyAnswers(subject, turn.workload);
    await measureSubject(subject, turn, journal);
  } finally {
    await subject.stop();
  }
}

async function measureRaw({ name, modelPath }: Workload, seconds: number): Promise<RawRate[]> {
  const options: RawOptions = { workload: name, modelPath, batches: RAW_BATCHES, seconds };
  const args = [rawScript, JSON.stringify(options)];
  const output = await runProcess(process.execPath, args, { cwd: '.', limitMs: RAW_LIMIT_MS + 15e3 * seconds });
  return JSON.parse(output) as RawRate[];
}

async function measureSubject(subject: Subject<AnySubject>, turn: Turn, journal: Journal): Promise<void> {
  const { workload, round, seconds, generator } = turn;
  const { name, form } = subject;
  const target = { url: subject.url + subject.path, bodies: workload.bodies[form] };
  const load = async (connections: number, seconds: number): Promise<LoadResult> => {
    const result = await subject.during(generator.run({ ...target, connections, seconds }));
    const fault = faultOf(result);
    if (fault !== undefined) {
      journal.fault(`${workload.name}, ${name}, ${connections} connections, round ${round}: ${fault}`);
    }
    return result;
  };
  const counts = async () => (typeof subject.runs === 'function' ? subject.runs() : undefined);
  await load(WARM_UP_CONNECTIONS, turn.warmUpSeconds);
  for (const connections of turn.connections) {
    const before = await counts();
    const result = await load(connections, seconds);
    const after = await counts();
    journal.row({
      workload: workload.name,
      subject: name,
      connections,
      round,
      perSecond: result.requests / result.seconds,
      ...result,
      meanBatch: meanBatch(before, after) ?? (subject.runs === 'singly' ? 1 : null),
      rssBytes: subject.memoryBytes(),
    });
  }
}

/** Undefined where nothing was counted. */
function meanBatch(before: BatchCounts | undefined, after: BatchCounts | undefined): number | undefined {
  if (before === undefined || after === undefined || after.batches === before.batches) return undefined;
  return (after.rows - before.rows) / (after.batches - before.batches);
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
