/*
 * `npm run test:chaos`: instances of a spawned server are killed at random under load. Every request must be answered,
 * once, with what belongs to its own input; 503 is an answer. How soon latency is back afterwards is reported.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { heavy } from '../support/load-models.js';
import { metricValue } from '../support/metrics-text.js';
import { createModelFolder } from '../support/model-folder.js';
import { type SpawnedServer, spawnServer } from '../support/spawned-server.js';
import { Clients, type Sample } from './clients.js';
import { type Strategy, strategies } from './strategies.js';

const INSTANCES = 2;
const QUIET_SECONDS = 5;
const PAUSE_MS = { least: 200, most: 900 };
/** Latency is looked at in slices of so long. */
const SLICE_MS = 250;
/** It is back with the first of so many slices whose 95th percentile is at most so many times what it was before the first kill. */
const BACK_SLICES = 4;
const BACK_FACTOR = 2;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
let failed = 0;
for (const strategy of strategies) if (!(await passes(strategy, Number(values.seconds)))) failed += 1;
console.log(`${strategies.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function passes(strategy: Strategy, seconds: number): Promise<boolean> {
  const settings = Object.entries({ count: String(INSTANCES), ...strategy.instances });
  const folder = await createModelFolder({
    'models/heavy/model.onnx': heavy(384),
    'models/heavy/model.yaml': `instances: { ${settings.map((entry) => entry.join(': ')).join(', ')} }`,
  });
  const server = await spawnServer([], { cwd: folder.dir, env: strategy.env });
  try {
    const { report, faults } = await torment(server, strategy, seconds);
    console.log(`${faults.length === 0 ? '✔' : '✖'} ${strategy.name}: ${report.join('; ')}`);
    for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
    if (faults.length > 0) console.log(server.output().slice(-3_000));
    return faults.length === 0;
  } finally {
    await server.stop();
    await folder.remove();
  }
}

async function torment(server: SpawnedServer, strategy: Strategy, seconds: number) {
  const clients = new Clients(`${server.url}/models/heavy/predict`);
  await pause(QUIET_SECONDS * 1_000);
  const firstKillAt = performance.now();
  let kills = 0;
  for (; performance.now() < firstKillAt + seconds * 1_000; kills += 1) {
    strategy.kill(server);
    await pause(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
  }
  const lastKillAt = performance.now();
  await pause(QUIET_SECONDS * 1_000);
  await clients.stop();
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const metric = (name: string) => metricValue(text, name) ?? 0;
  const { sent, faults, outcomes, samples } = clients;
  const jobs = metric('millrace_jobs_total');
  if (jobs !== sent) faults.push(`${sent} requests were sent, ${jobs} jobs have settled`);
  const [violations, crashes] = [
    metric('millrace_invariant_violations_total'),
    metric('millrace_instance_crashes_total'),
  ];
  if (violations > 0) faults.push(`${violations} invariants were violated`);
  if (crashes === 0) faults.push('no instance was ever killed');
  const backMs = untilBack(samples, firstKillAt, lastKillAt);
  const report = [
    `${kills} kills, ${crashes} instances ended, ${metric('millrace_retries_total')} executions of their batches again`,
    `${sent} requests: ${[...outcomes].map(([outcome, count]) => `${count} × ${outcome}`).join(', ')}`,
    `latency was back ${backMs === undefined ? 'not at all' : `${backMs} ms after the last kill`}`,
  ];
  return { report, faults };
}

/** Milliseconds from the last kill until latency was as before the first; undefined if it never was. */
function untilBack(samples: readonly Sample[], firstKillAt: number, lastKillAt: number): number | undefined {
  const between = (from: number, to: number) => samples.filter(({ at }) => at >= from && at < to);
  const limit = BACK_FACTOR * percentile95(between(0, firstKillAt));
  const slices = Array.from({ length: (QUIET_SECONDS * 1_000) / SLICE_MS }, (_, slice) => {
    const from = lastKillAt + slice * SLICE_MS;
    return percentile95(between(from, from + SLICE_MS));
  });
  const first = slices.findIndex((_, slice) => {
    const next = slices.slice(slice, slice + BACK_SLICES);
    return next.length === BACK_SLICES && next.every((value) => value <= limit);
  });
  return first === -1 ? undefined : first * SLICE_MS;
}

/** Infinity where nothing was answered. */
function percentile95(samples: readonly Sample[]): number {
  const sorted = samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.POSITIVE_INFINITY;
}
