/*
 * `npm run bench -- media`: what millrace adds to the work that serving files cannot do without. Pictures: processor
 * time of the server for each request, beside sharp and the model in plain loops. Files: throughput of magika beside
 * its bare model.
 */
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { metricValue } from '../test/support/metrics-text.js';
import { model, node } from '../test/support/model-parts.js';
import { faultOf, type LoadResult, loadFiles } from './load.js';
import type { LoopOptions, LoopResult } from './media-loop.js';
import { processorMs, runProcess } from './processes.js';
import type { Served } from './served.js';
import { startMillrace } from './subjects.js';
import { type Spread, spreadOf } from './summary.js';

const SIZE = 224;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const FILES = 8;
const loop = fileURLToPath(new URL('./media-loop.js', import.meta.url));
const bundled = fileURLToPath(new URL('../../models', import.meta.url));

export interface MediaOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** Milliseconds of processor time for each picture, and the event loop's lag meanwhile. */
interface PictureRound {
  readonly perSecond: number;
  readonly serverMs: number;
  readonly sharpMs: number;
  readonly runMs: number;
  readonly meanBatch: number;
  readonly lagP99Ms: number;
}

interface FileRound {
  readonly perSecond: number;
  readonly rawPerSecond: number;
}

/** @returns what went wrong */
export async function benchMedia({ rounds, seconds }: MediaOptions, dir: string): Promise<string[]> {
  const faults: string[] = [];
  const pictures: PictureRound[] = [];
  const files: FileRound[] = [];
  const repository = await prepare(dir);
  for (let round = 1; round <= rounds; round += 1) {
    const server = await startMillrace(repository);
    try {
      pictures.push(await measurePictures(server, { dir, seconds, faults }));
      files.push(await measureFiles(server, { dir, seconds, faults }));
    } finally {
      await server.stop();
    }
    console.error(`bench: round ${round} of ${rounds}`);
  }
  console.log(report(pictures, files));
  return faults;
}

/** A model that takes pictures and costs next to nothing, and magika; and what clients send. */
async function prepare(dir: string): Promise<string> {
  const repository = join(dir, 'models');
  await mkdir(join(repository, 'pixels'), { recursive: true });
  const mean = model({ x: ['N', 3, SIZE, SIZE] }, { y: ['N', 3, 1, 1] }, [node('GlobalAveragePool', ['x'], 'y')]);
  await writeFile(join(repository, 'pixels/model.onnx'), mean);
  const steps = `[decode_image, { resize: { width: ${SIZE}, height: ${SIZE}, fit: fill } }, image_to_tensor]`;
  await writeFile(join(repository, 'pixels/model.yaml'), `pipeline: { preprocess: ${steps} }\n`);
  await cp(join(bundled, 'magika'), join(repository, 'magika'), { recursive: true });
  for (const kind of ['pictures', 'files']) await mkdir(join(dir, kind));
  for (let index = 0; index < FILES; index += 1)
    await writeFile(join(dir, 'pictures', String(index)), await jpeg(index));
  const sources = [
    'main',
    'server',
    'config',
    'core/errors',
    'http/app',
    'jobs/job',
    'tensor/tensor',
    'model/signature',
  ];
  for (const [index, name] of sources.entries()) {
    await copyFile(fileURLToPath(import.meta.resolve(`#src/${name}.js`)), join(dir, 'files', String(index)));
  }
  return repository;
}

/** A picture of 640×480 with gradients and some noise, so that it takes about as many bytes as a photograph. */
async function jpeg(seed: number): Promise<Buffer> {
  const [width, height] = [640, 480];
  const data = Buffer.alloc(width * height * 3);
  let state = seed + 1;
  for (let index = 0; index < data.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
    data[index] = (x * (seed + 1) + y * ((index % 3) + 1)) / 8 + (state >>> 28);
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

interface Round {
  readonly dir: string;
  readonly seconds: number;
  readonly faults: string[];
}

async function measurePictures(server: Served, { dir, seconds, faults }: Round): Promise<PictureRound> {
  const load = {
    url: `${server.url}/models/pixels/predict`,
    type: 'image/jpeg',
    files: join(dir, 'pictures'),
    count: FILES,
  };
  await loadFiles({ ...load, connections: CONNECTIONS, seconds: WARM_UP_SECONDS });
  const before = await readingOf(server);
  const result = await loadFiles({ ...load, connections: CONNECTIONS, seconds });
  const after = await readingOf(server);
  note(result, 'pictures', faults);
  const meanBatch = (after.rows - before.rows) / (after.batches - before.batches);
  const sharpLoop = await runLoop({
    what: 'sharp',
    picture: join(dir, 'pictures/0'),
    size: SIZE,
    together: 2,
    seconds,
  });
  const modelPath = join(dir, 'models/pixels/model.onnx');
  const shape = [Math.max(1, Math.round(meanBatch)), 3, SIZE, SIZE];
  const runs = await runLoop({ what: 'run', modelPath, type: 'float32', shape, seconds: 1 });
  return {
    perSecond: result.requests / result.seconds,
    serverMs: (after.cpuMs - before.cpuMs) / result.requests,
    sharpMs: sharpLoop.cpuMs,
    runMs: runs.cpuMs,
    meanBatch,
    lagP99Ms: after.lagP99Ms,
  };
}

/** Throughput over raw bytes, and what two sessions without a server reach at their best batch size. */
async function measureFiles(server: Served, { dir, seconds, faults }: Round): Promise<FileRound> {
  const load = {
    url: `${server.url}/models/magika/predict`,
    type: 'application/octet-stream',
    files: join(dir, 'files'),
    count: FILES,
  };
  await loadFiles({ ...load, connections: CONNECTIONS, seconds: WARM_UP_SECONDS });
  const result = await loadFiles({ ...load, connections: CONNECTIONS, seconds });
  note(result, 'files', faults);
  const modelPath = join(dir, 'models/magika/1/model.onnx');
  const rates: number[] = [];
  for (const batch of [1, 4, 16]) {
    const one = () => runLoop({ what: 'run', modelPath, type: 'int32', shape: [batch, 2_048], seconds: 1 });
    const both = await Promise.all([one(), one()]);
    rates.push(both.reduce((sum, { itemsPerSecond }) => sum + itemsPerSecond, 0));
  }
  return { perSecond: result.requests / result.seconds, rawPerSecond: Math.max(...rates) };
}

async function runLoop(options: LoopOptions): Promise<LoopResult> {
  const limitMs = options.seconds * 1e3 + 30_000;
  return JSON.parse(
    await runProcess(process.execPath, [loop, JSON.stringify(options)], { cwd: '.', limitMs }),
  ) as LoopResult;
}

async function readingOf({ url, pid }: Served) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string, labels: Record<string, string>) => metricValue(text, name, labels) ?? 0;
  return {
    cpuMs: processorMs(pid),
    rows: value('millrace_batch_rows_sum', { model: 'pixels' }),
    batches: value('millrace_batch_rows_count', { model: 'pixels' }),
    lagP99Ms: 1e3 * value('millrace_event_loop_lag_seconds', { stat: 'p99' }),
  };
}

function note(result: LoadResult, what: string, faults: string[]): void {
  const fault = faultOf(result);
  if (fault !== undefined) faults.push(`${what}: ${fault}`);
}

function report(pictures: readonly PictureRound[], files: readonly FileRound[]): string {
  const line = (what: string, values: readonly number[], unit: string, wanted = '') => {
    const { median, min, max } = spreadOf(values) as Spread;
    const figures = `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)}) ${unit}`;
    return `${what.padEnd(58)} ${figures}${wanted === '' ? '' : `; wanted: ${wanted}`}`;
  };
  const of = (value: (round: PictureRound) => number) => pictures.map(value);
  return [
    `## JPEG 640×480 into 3×${SIZE}×${SIZE}, ${CONNECTIONS} connections; medians, in brackets the least and the most`,
    '',
    line(
      'requests a second',
      of(({ perSecond }) => perSecond),
      '',
    ),
    line(
      "the server's processor time for each",
      of(({ serverMs }) => serverMs),
      'ms',
    ),
    line(
      'the same sharp calls in a loop',
      of(({ sharpMs }) => sharpMs),
      'ms',
    ),
    line(
      'the same session.run in a loop, at the mean batch',
      of(({ runMs }) => runMs),
      'ms',
    ),
    line(
      'mean batch',
      of(({ meanBatch }) => meanBatch),
      'rows',
    ),
    line(
      "what the server adds, as a share of sharp's",
      of(({ serverMs, sharpMs, runMs }) => ((serverMs - sharpMs - runMs) / sharpMs) * 100),
      '%',
      'at most 15 %',
    ),
    line(
      'event loop lag, p99',
      of(({ lagP99Ms }) => lagP99Ms),
      'ms',
      'below 20 ms',
    ),
    '',
    `## magika over raw bytes, ${CONNECTIONS} connections`,
    '',
    line(
      'requests a second',
      files.map(({ perSecond }) => perSecond),
      '',
    ),
    line(
      'two bare sessions at their best batch',
      files.map(({ rawPerSecond }) => rawPerSecond),
      '',
    ),
    line(
      'share of that',
      files.map(({ perSecond, rawPerSecond }) => perSecond / rawPerSecond),
      '×',
      'at least 0.8',
    ),
  ].join('\n');
}
