/*
 * The work that serving files cannot do without, in a plain loop: `node media-loop.js OPTIONS`, with LoopOptions as JSON,
 * prints a LoopResult. Processor time is that of the whole process, the threads of sharp and of the runtime included.
 */
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

/** Pictures to raw pixels, so many at a time; or batches through a model. */
export type LoopOptions = { readonly seconds: number } & (
  | { readonly what: 'sharp'; readonly picture: string; readonly size: number; readonly together: number }
  | { readonly what: 'run'; readonly modelPath: string; readonly type: 'float32' | 'int32'; readonly shape: number[] }
);

export interface LoopResult {
  readonly itemsPerSecond: number;
  /** Of processor time, for each item. */
  readonly cpuMs: number;
}

/** Before what counts. */
const WARM_UP_MS = 500;

const options = JSON.parse(process.argv[2] as string) as LoopOptions;
console.log(JSON.stringify(await (options.what === 'sharp' ? decode(options) : run(options))));

async function decode({ picture, together, size, seconds }: LoopOptions & { what: 'sharp' }): Promise<LoopResult> {
  sharp.cache(false);
  sharp.concurrency(1);
  const file = await readFile(picture);
  const one = () => sharp(file).resize(size, size, { fit: 'fill' }).removeAlpha().raw().toBuffer();
  return measure(seconds, together, () => Promise.all(Array.from({ length: together }, one)));
}

async function run({ modelPath, type, shape, seconds }: LoopOptions & { what: 'run' }): Promise<LoopResult> {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const length = shape.reduce((product, size) => product * size, 1);
  const data = type === 'int32' ? new Int32Array(length).fill(65) : new Float32Array(length).fill(0.5);
  const feeds = { [session.inputNames[0] as string]: new Tensor(type, data, shape) };
  return measure(seconds, shape[0] as number, () => session.run(feeds));
}

async function measure(seconds: number, items: number, round: () => Promise<unknown>): Promise<LoopResult> {
  const runFor = async (ms: number) => {
    const startedAt = performance.now();
    let done = 0;
    for (; performance.now() < startedAt + ms; done += items) await round();
    return { done, passedMs: performance.now() - startedAt };
  };
  await runFor(WARM_UP_MS);
  const before = process.cpuUsage();
  const { done, passedMs } = await runFor(seconds * 1e3);
  const { user, system } = process.cpuUsage(before);
  return { itemsPerSecond: (done / passedMs) * 1e3, cpuMs: (user + system) / 1e3 / done };
}
