/*
 * `npm run bench -- peers`: other servers under the same load, in turn with millrace. One that cannot be installed or
 * started, or that answers wrongly, is named and left out.
 */
import { say, TolerantNotebook } from './journal.js';
import { findLoadGenerator } from './load.js';
import type { BenchOptions } from './options.js';
import { installPeer } from './peer-environment.js';
import { startPeer } from './peer-server.js';
import { type PeerName, peers } from './peer-table.js';
import { crossTable, headline, legend, modelTable } from './report.js';
import { environmentOf, writeResults } from './results-file.js';
import { type AnySubject, type Contestant, measureRounds } from './rounds.js';
import { startSubject, subjects } from './subjects.js';
import { Summary } from './summary.js';
import { prepareWorkload, type Workload } from './workload.js';

/** Beyond the measurements, for each server: start, check, stop. Only for the estimate. */
const OVERHEAD_SECONDS = 5;

/** @returns what went wrong */
export async function benchPeers(options: BenchOptions, dir: string): Promise<string[]> {
  if (process.platform !== 'linux') throw new Error('other servers are measured on Linux only');
  const startedAt = new Date();
  const start = performance.now();
  say(`about ${Math.ceil(estimateSeconds(options) / 60)} minutes, and a few more where servers have to be installed`);
  const generator = await findLoadGenerator();
  const environment = environmentOf(generator.name);
  const notebook = new TolerantNotebook();
  const contestants: Contestant[] = [{ name: 'millrace', start: (workload) => startSubject('millrace', workload) }];
  for (const name of options.peers) contestants.push(...(await installed(name, notebook)));
  const workloads: Workload[] = [];
  for (const name of options.models) workloads.push(await prepareWorkload(name, dir));
  await measureRounds({ ...options, workloads, generator, contestants, raw: false }, notebook);
  const { rows, losses, faults } = notebook;
  const summary = new Summary(rows, []);
  const names = contestants.map(({ name }) => name);
  const page = [
    headline('bench -- peers', environment),
    `\`\`\`text\n${legend(aboutEach(names), false)}\n\`\`\``,
    `${options.rounds} × ${options.seconds} s for each figure.`,
    crossTable(summary, { workload: options.models, names, connections: Math.max(...options.connections) }),
    ...options.models.map((workload) => modelTable(summary, { workload, names, connections: options.connections })),
    ...faults.map((text) => `FAULT: ${text}`),
  ].join('\n\n');
  console.log(page);
  const seconds = Math.round((performance.now() - start) / 1e3);
  const settings = options.models.map((model) => [
    model,
    Object.fromEntries(options.peers.map((name) => [name, peers[name].settings(model)])),
  ]);
  const results = { environment, settings: Object.fromEntries(settings) as unknown, rows, losses, faults };
  const files = await writeResults({ startedAt: startedAt.toISOString(), seconds, options, ...results }, page);
  console.log(`\n${seconds} s; written to ${files.join(' and ')}`);
  return faults;
}

/** Nobody, if it cannot be installed. */
async function installed(name: PeerName, notebook: TolerantNotebook): Promise<Contestant[]> {
  try {
    const python = name === 'express' ? undefined : await installPeer(name);
    return [{ name, start: (workload) => startPeer(name, workload, python) }];
  } catch (error) {
    notebook.lost(name, null, error as Error);
    return [];
  }
}

function aboutEach(names: readonly AnySubject[]): Record<string, string> {
  const about = Object.entries(peers).map(([name, { about }]): [string, string] => [name, about]);
  const all = new Map([...Object.entries(subjects), ...about]);
  return Object.fromEntries(names.map((name) => [name, all.get(name) ?? '']));
}

function estimateSeconds({ rounds, models, peers, connections, seconds, warmUpSeconds }: BenchOptions): number {
  const turn = connections.length * seconds + warmUpSeconds + OVERHEAD_SECONDS;
  return rounds * models.length * (peers.length + 1) * turn;
}
