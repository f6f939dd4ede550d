/*
 * `npm run bench -- poison`: what clients lose when one body in sixteen makes the model fail. Clean traffic, the same
 * with 8 bad bodies that come again and again, and with bad bodies of which none is like another, in turn on one server.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { metricValue } from '../test/support/metrics-text.js';
import { deepGather, tenTimes } from '../test/support/poison-models.js';
import { type FileLoad, type LoadResult, loadFiles } from './load.js';
import { processorMs } from './processes.js';
import type { Served } from './served.js';
import { startMillrace } from './subjects.js';
import { type Spread, spreadOf } from './summary.js';

const CONNECTIONS = 64;
const BODIES = 128;
const POISON_EVERY = 16;
/** Also what is done about failures is compiled by then. */
const WARM_UP_SECONDS = 5;
const TABLE = 1_000;
/** What post.lua replaces by a number that it never used before. */
const UNIQUE = '1000@UNIQUE@';

const traffics = ['clean', 'repeating', 'unique'] as const;
type Traffic = (typeof traffics)[number];

/** An execution costs next to nothing; and one that costs as much for one row as for some, and fails at its end. */
const models = { cheap: tenTimes(TABLE), deep: deepGather(TABLE) };
type Model = keyof typeof models;

export interface PoisonOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** Answers with an output, per second, and what the server did meanwhile. */
interface Figures {
  readonly goodPerSecond: number;
  /** The server's processor time for each good answer: also on a machine that others use, a figure of the server's. */
  readonly processorMs: number;
  readonly p99Ms: number;
  readonly executionsPerRequest: number;
}

/** @returns what went wrong */
export async function benchPoison({ rounds, seconds }: PoisonOptions, dir: string): Promise<string[]> {
  const faults: string[] = [];
  const repository = await prepare(dir);
  const rows = new Map<string, Figures[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const model of Object.keys(models) as Model[]) {
      for (const traffic of traffics) {
        // Each on a server of its own: it remembers.
        const server = await startMillrace(repository);
        try {
          const figures = await measure(server, { dir, model, traffic, seconds, faults });
          rows.set(`${model} ${traffic}`, [...(rows.get(`${model} ${traffic}`) ?? []), figures]);
        } finally {
          await server.stop();
        }
      }
    }
    console.error(`bench: round ${round} of ${rounds}`);
  }
  console.log(report(rows));
  return faults;
}

async function prepare(dir: string): Promise<string> {
  const repository = join(dir, 'models');
  for (const [name, bytes] of Object.entries(models)) {
    await mkdir(join(repository, name), { recursive: true });
    await writeFile(join(repository, name, 'model.onnx'), bytes);
  }
  for (const traffic of traffics) {
    await mkdir(join(dir, traffic));
    for (let index = 0; index < BODIES; index += 1) {
      const isBad = traffic !== 'clean' && index % POISON_EVERY === POISON_EVERY - 1;
      const bad = traffic === 'unique' ? UNIQUE : TABLE + index;
      await writeFile(join(dir, traffic, String(index)), `{"input":[${index},${isBad ? bad : TABLE - 1 - index}]}`);
    }
  }
  return repository;
}

interface Measurement {
  readonly dir: string;
  readonly model: Model;
  readonly traffic: Traffic;
  readonly seconds: number;
  readonly faults: string[];
}

async function measure(server: Served, { dir, model, traffic, seconds, faults }: Measurement): Promise<Figures> {
  const load: FileLoad = {
    url: `${server.url}/models/${model}/predict`,
    type: 'application/json',
    files: join(dir, traffic),
    count: BODIES,
    connections: CONNECTIONS,
    seconds,
  };
  await loadFiles({ ...load, seconds: WARM_UP_SECONDS });
  const [before, processorBefore] = [await executions(server, model), processorMs(server.pid)];
  const result = await loadFiles(load);
  const [after, processorAfter] = [await executions(server, model), processorMs(server.pid)];
  const fault = faultIn(result, traffic);
  if (fault !== undefined) {
    faults.push(`${model}, ${traffic}: ${fault}`);
    console.error(`bench: FAULT: ${model}, ${traffic}: ${fault}`);
  }
  const good = result.requests - result.non2xx;
  return {
    goodPerSecond: good / result.seconds,
    processorMs: (processorAfter - processorBefore) / good,
    p99Ms: result.p99Ms,
    executionsPerRequest: (after - before) / result.requests,
  };
}

async function executions({ url }: Served, model: string): Promise<number> {
  return metricValue(await (await fetch(`${url}/metrics`)).text(), 'millrace_batches_total', { model }) ?? 0;
}

/** Of the answers, as many must be errors as of the bodies are bad: no more, no fewer. */
function faultIn({ requests, non2xx, socketErrors, timeouts }: LoadResult, traffic: Traffic): string | undefined {
  if (socketErrors + timeouts > 0) return `${socketErrors} socket errors, ${timeouts} timeouts`;
  const expected = traffic === 'clean' ? 0 : requests / POISON_EVERY;
  // What is under way at the end is not counted.
  if (Math.abs(non2xx - expected) <= (traffic === 'clean' ? 0 : 2 * CONNECTIONS)) return undefined;
  return `${non2xx} errors in ${requests} answers`;
}

function report(rows: ReadonlyMap<string, readonly Figures[]>): string {
  const text = (values: readonly number[], digits: number) => {
    const { median, min, max } = spreadOf(values) as Spread;
    return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`.padEnd(25);
  };
  const lines = [...rows].map(([name, figures]) => {
    const clean = rows.get(`${name.split(' ')[0]} clean`) as readonly Figures[];
    const shareOf = (value: (figures: Figures) => number) =>
      figures.map((own, round) => value(own) / value(clean[round] as Figures));
    return [
      name.padEnd(16),
      text(
        figures.map(({ goodPerSecond }) => goodPerSecond),
        0,
      ),
      text(
        shareOf(({ goodPerSecond }) => goodPerSecond),
        2,
      ),
      text(
        shareOf(({ processorMs }) => 1 / processorMs),
        2,
      ),
      text(
        figures.map(({ p99Ms }) => p99Ms),
        1,
      ),
      text(
        figures.map(({ executionsPerRequest }) => executionsPerRequest),
        3,
      ),
    ].join(' ');
  });
  const columns = [
    'good answers a second',
    'share of clean',
    'share by processor time',
    'p99, ms',
    'executions a request',
  ];
  return [
    `## One body in ${POISON_EVERY} is bad, ${CONNECTIONS} connections; medians, in brackets the least and the most`,
    '',
    ['model, traffic'.padEnd(16), ...columns.map((column) => column.padEnd(25))].join(' '),
    ...lines,
    '',
    'wanted: with repeating bad bodies at least 0.7 of clean traffic; 15 in 16 are good',
  ].join('\n');
}
