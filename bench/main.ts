/*
 * `npm run bench`: millrace under load beside what people would write by hand. Figures go to standard output,
 * progress to standard error. A target that is missed is printed, and is no error; a wrong answer, a refused or a lost
 * request is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchCodec } from './codec.js';
import { findLoadGenerator } from './load.js';
import { benchMedia } from './media.js';
import { type BenchOptions, readOptions, usage } from './options.js';
import { killChildren } from './processes.js';
import { benchRefusal } from './refusal.js';
import { legend, modelTable, soakLine, targetTable, whole } from './report.js';
import { environmentOf, writeResults } from './results-file.js';
import { measureRounds, type RawRow, type Row } from './rounds.js';
import { SOAK_SECONDS, soak } from './soak.js';
import { subjectNames } from './subjects.js';
import { Summary } from './summary.js';
import { judgeTargets } from './targets.js';
import { prepareWorkload, type Workload } from './workload.js';

const EXIT_USAGE = 2;
/** Beyond the measurements, for each server: start, check, stop. Only for the estimate. */
const OVERHEAD_SECONDS = 1;
const RAW_SECONDS = 4;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.length === 1 && args[0] === 'codec') {
    benchCodec();
    return 0;
  }
  if (args.length === 1 && args[0] === 'refusal') {
    await benchRefusal();
    return 0;
  }
  let options: BenchOptions | undefined;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${usage}`);
    return EXIT_USAGE;
  }
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  leaveNothing(dir);
  try {
    const faults = await (options.subject === 'media' ? benchMedia(options, dir) : bench(options, dir));
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    // A load generator may still have minutes to go.
    killChildren();
    return 1;
  }
}

/** However this process ends, its children and its files go with it. */
function leaveNothing(dir: string): void {
  process.on('exit', () => {
    killChildren();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** @returns what went wrong */
async function bench(options: BenchOptions, dir: string): Promise<string[]> {
  const startedAt = new Date();
  const start = performance.now();
  const generator = await findLoadGenerator();
  const environment = environmentOf(generator.name);
  const { node, processors, processor, loadGenerator } = environment;
  console.log(`# millrace bench: Node ${node}, ${processors} × ${processor}, ${loadGenerator}\n\n${legend()}\n`);
  say(`about ${Math.ceil(estimateSeconds(options) / 60)} minutes`);

  const rows: Row[] = [];
  const rawRows: RawRow[] = [];
  const faults: string[] = [];
  const fault = (text: string) => {
    faults.push(text);
    say(`FAULT: ${text}`);
  };
  const workloads: Workload[] = [];
  for (const name of options.models) workloads.push(await prepareWorkload(name, dir));
  await measureRounds(
    { ...options, workloads, generator },
    {
      row: (row) => {
        rows.push(row);
        say(progressLine(row));
      },
      rawRow: (row) => rawRows.push(row),
      fault,
    },
  );
  const summary = new Summary(rows, rawRows);
  for (const name of options.models) console.log(`${modelTable(summary, name, options.connections)}\n`);

  let soaked: Awaited<ReturnType<typeof soak>> | undefined;
  if (options.soak) {
    say(`soak, ${SOAK_SECONDS} s`);
    const penguins = workloads.find(({ name }) => name === 'penguins') ?? (await prepareWorkload('penguins', dir));
    soaked = await soak(penguins, generator, fault);
    console.log(`${soakLine(soaked)}\n`);
  }
  const targets = judgeTargets(summary, soaked);
  console.log(targetTable(targets));
  const seconds = Math.round((performance.now() - start) / 1e3);
  const results = { environment, rows, raw: rawRows, soak: soaked ?? null, targets, faults };
  const path = await writeResults({ startedAt: startedAt.toISOString(), seconds, options, ...results });
  console.log(`\n${seconds} s; every measurement is in ${path}`);
  for (const text of faults) console.log(`FAULT: ${text}`);
  return faults;
}

function progressLine({ round, workload, subject, connections, perSecond, p50Ms }: Row): string {
  return `round ${round}, ${workload}, ${subject} at ${connections}: ${whole(perSecond)} req/s, p50 ${p50Ms.toFixed(2)} ms`;
}

function estimateSeconds({ rounds, models, connections, seconds, warmUpSeconds, soak }: BenchOptions): number {
  const server = connections.length * seconds + warmUpSeconds + OVERHEAD_SECONDS;
  return (
    rounds * models.length * (subjectNames.length * server + seconds * 3 + RAW_SECONDS) + (soak ? SOAK_SECONDS : 0)
  );
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}
