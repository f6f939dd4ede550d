/* `npm run bench`: millrace beside what people would write by hand, and beside the bare model. */
import { Notebook, say } from './journal.js';
import { findLoadGenerator } from './load.js';
import type { BenchOptions } from './options.js';
import { headline, legend, modelTable, soakLine, targetTable } from './report.js';
import { environmentOf, writeResults } from './results-file.js';
import { measureRounds } from './rounds.js';
import { SOAK_SECONDS, soak } from './soak.js';
import { startSubject, subjectNames, subjects } from './subjects.js';
import { Summary } from './summary.js';
import { judgeTargets } from './targets.js';
import { sampleAnswer } from './verify.js';
import { prepareWorkload, type Workload } from './workload.js';

/** Beyond the measurements, for each server: start, check, stop. Only for the estimate. */
const OVERHEAD_SECONDS = 1;
const RAW_SECONDS = 4;

/** @returns what went wrong */
export async function benchBaselines(options: BenchOptions, dir: string): Promise<string[]> {
  const startedAt = new Date();
  const start = performance.now();
  const generator = await findLoadGenerator();
  const environment = environmentOf(generator.name);
  console.log(`${headline('bench', environment)}\n\n${legend(subjects, true)}\n`);
  say(`about ${Math.ceil(estimateSeconds(options) / 60)} minutes`);

  const notebook = new Notebook();
  const workloads: Workload[] = [];
  for (const name of options.models) workloads.push(await prepareWorkload(name, dir));
  const answers = new Map<Workload, unknown>();
  for (const workload of workloads) answers.set(workload, await sampleAnswer(workload));
  const contestants = subjectNames.map((name) => ({
    name,
    start: (workload: Workload) => startSubject(name, workload, answers.get(workload)),
  }));
  await measureRounds({ ...options, workloads, generator, contestants, raw: true }, notebook);
  const { rows, rawRows, faults } = notebook;
  const summary = new Summary(rows, rawRows);
  for (const workload of options.models) {
    console.log(`${modelTable(summary, { workload, names: subjectNames, connections: options.connections })}\n`);
  }

  let soaked: Awaited<ReturnType<typeof soak>> | undefined;
  if (options.soak) {
    say(`soak, ${SOAK_SECONDS} s`);
    const penguins = workloads.find(({ name }) => name === 'penguins') ?? (await prepareWorkload('penguins', dir));
    soaked = await soak(penguins, generator, (text) => notebook.fault(text));
    console.log(`${soakLine(soaked)}\n`);
  }
  const targets = judgeTargets(summary, soaked);
  console.log(targetTable(targets));
  const seconds = Math.round((performance.now() - start) / 1e3);
  const results = { environment, rows, raw: rawRows, soak: soaked ?? null, targets, faults };
  const [path] = await writeResults({ startedAt: startedAt.toISOString(), seconds, options, ...results });
  console.log(`\n${seconds} s; every measurement is in ${path}`);
  for (const text of faults) console.log(`FAULT: ${text}`);
  return faults;
}

function estimateSeconds({ rounds, models, connections, seconds, warmUpSeconds, soak }: BenchOptions): number {
  const server = connections.length * seconds + warmUpSeconds + OVERHEAD_SECONDS;
  return (
    rounds * models.length * (subjectNames.length * server + seconds * 3 + RAW_SECONDS) + (soak ? SOAK_SECONDS : 0)
  );
}
