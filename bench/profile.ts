/*
 * `npm run bench -- profile`: where the processor time of a request goes. The server runs in this process, so that its
 * main thread can be profiled for just as long as wrk loads it.
 */
import { type Profiler, Session } from 'node:inspector/promises';
import { createServer } from '#src/server.js';
import { markdownTable, whole } from './figures.js';
import type { WorkloadName } from './items.js';
import { say } from './journal.js';
import { faultOf, findLoadGenerator, type Load, type LoadGenerator, type LoadResult } from './load.js';
import type { BenchOptions } from './options.js';
import { processorMs } from './processes.js';
import { type GroupTime, groupTimes } from './profile-groups.js';
import { headline } from './report.js';
import { environmentOf, writeResults } from './results-file.js';
import { verifyAnswers } from './verify.js';
import { prepareWorkload, type Workload } from './workload.js';

const SAMPLE_MICROSECONDS = 200;
const FUNCTIONS_SHOWN = 2;

/** What was seen of one model. */
interface ModelProfile {
  readonly workload: WorkloadName;
  readonly connections: number;
  readonly perSecond: number;
  /** Processor time for each request. */
  readonly mainThreadMicroseconds: number;
  /** The same of all other threads: instances, the garbage collector's helpers. */
  readonly otherThreadsMicroseconds: number;
  readonly perSecondProfiled: number;
  /** As the profiler saw them, with what other programs took of the processor meanwhile. */
  readonly groups: readonly GroupTime[];
}

/** @returns what went wrong */
export async function benchProfile(options: BenchOptions, dir: string): Promise<string[]> {
  const startedAt = new Date();
  const start = performance.now();
  const generator = await findLoadGenerator();
  // The other generator would run on the very thread that is profiled.
  if (!generator.name.startsWith('wrk')) throw new Error('the profile needs wrk');
  const environment = environmentOf(generator.name);
  const faults: string[] = [];
  const profiles: ModelProfile[] = [];
  for (const name of options.models) {
    const workload = await prepareWorkload(name, dir);
    for (const connections of options.connections) {
      say(`${name} at ${connections} connections`);
      const { profile, results } = await profileModel({ ...options, workload, connections, generator });
      profiles.push(profile);
      faults.push(...results.flatMap((result) => faultOf(result) ?? []).map((fault) => `${name}: ${fault}`));
    }
  }
  const page = [headline('bench -- profile', environment), ...profiles.map(profileTable)].join('\n\n');
  console.log(page);
  const seconds = Math.round((performance.now() - start) / 1e3);
  const results = { startedAt: startedAt.toISOString(), seconds, options, environment, profiles, faults };
  console.log(`\n${seconds} s; written to ${(await writeResults(results, page)).join(' and ')}`);
  for (const text of faults) console.log(`FAULT: ${text}`);
  return faults;
}

interface ProfileOptions {
  readonly workload: Workload;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly generator: LoadGenerator;
}

async function profileModel(options: ProfileOptions): Promise<{ profile: ModelProfile; results: LoadResult[] }> {
  const { workload, connections, seconds, generator } = options;
  const millrace = await createServer({ models: workload.repository, port: 0, log: { level: 'silent' } });
  try {
    await millrace.loaded;
    const server = { name: 'millrace', url: await millrace.listen(), path: '/predict', form: 'input' } as const;
    await verifyAnswers(server, workload);
    const load: Load = { url: server.url + server.path, bodies: workload.bodies.input, connections, seconds };
    const warmUp = await generator.run({ ...load, seconds: options.warmUpSeconds });
    const before = threadTimes();
    const unprofiled = await generator.run(load);
    const after = threadTimes();
    const { result: profiled, profile } = await whileProfiled(() => generator.run(load));
    const each = (milliseconds: number) => (milliseconds * 1e3) / unprofiled.requests;
    return {
      results: [warmUp, unprofiled, profiled],
      profile: {
        workload: workload.name,
        connections,
        perSecond: unprofiled.requests / unprofiled.seconds,
        mainThreadMicroseconds: each(after.main - before.main),
        otherThreadsMicroseconds: each(after.all - before.all - (after.main - before.main)),
        perSecondProfiled: profiled.requests / profiled.seconds,
        groups: groupTimes(profile),
      },
    };
  } finally {
    await millrace.close();
  }
}

/** Profiles this thread, the main one, while `work` is done. */
async function whileProfiled<T>(work: () => Promise<T>): Promise<{ result: T; profile: Profiler.Profile }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
  await session.post('Profiler.start');
  const result = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return { result, profile };
}

/** Milliseconds of processor time so far. */
function threadTimes(): { main: number; all: number } {
  const { pid } = process;
  return { main: processorMs(`${pid}/task/${pid}`), all: processorMs(pid) };
}

/** The profiler's shares of the processor time without it: it slows the thread down, and so do other programs. */
function profileTable({ workload, connections, groups, ...profile }: ModelProfile): string {
  const total = groups.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const each = (microseconds: number) => ((microseconds / total) * profile.mainThreadMicroseconds).toFixed(1);
  const rows = groups.map(({ group, microseconds, functions }) => [
    group,
    functions
      .slice(0, FUNCTIONS_SHOWN)
      .map(({ name, microseconds }) => `${name} ${each(microseconds)}`)
      .join(', '),
    each(microseconds),
    `${((microseconds / total) * 100).toFixed(0)} %`,
  ]);
  rows.push(['all of the main thread', '', each(total), '']);
  return [
    `## ${workload}, ${connections} connections: ${whole(profile.perSecond)} req/s`,
    markdownTable(['what for', 'most of it in', 'µs a request', 'share'], rows, 2),
    `All other threads: ${profile.otherThreadsMicroseconds.toFixed(1)} µs a request.`,
  ].join('\n\n');
}
