/*
 * What the model itself can do, without HTTP: `node raw-loop.js OPTIONS`, with RawOptions as JSON, runs sessions in a
 * loop and prints its RawRates as JSON. The same file is the worker when several sessions run.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { itemShapes, itemsOf, type WorkloadName } from './items.js';

export interface RawOptions {
  readonly workload: WorkloadName;
  readonly modelPath: string;
  readonly batches: readonly number[];
  /** For each batch size. */
  readonly seconds: number;
}

export interface RawRate {
  /** Sessions that run at the same time, each in a thread of its own and with one thread. */
  readonly sessions: number;
  readonly batch: number;
  readonly itemsPerSecond: number;
}

interface Loop {
  readonly workload: WorkloadName;
  readonly modelPath: string;
  readonly batch: number;
  readonly seconds: number;
}

/** The first runs of a shape are slower. */
const WARM_UP_SHARE = 0.2;

if (isMainThread) console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] as string) as RawOptions)));
else await work(workerData as Loop, parentPort as MessagePort);

/** One session at each batch size, then two at the size that was best for one. */
async function measure({ batches, seconds, ...model }: RawOptions): Promise<RawRate[]> {
  const rates: RawRate[] = [];
  for (const batch of batches) {
    const itemsPerSecond = await rate({ ...model, batch, seconds });
    rates.push({ sessions: 1, batch, itemsPerSecond });
  }
  const best = rates.reduce((best, rate) => (rate.itemsPerSecond > best.itemsPerSecond ? rate : best));
  const itemsPerSecond = await rateOfTwo({ ...model, batch: best.batch, seconds: 2 * seconds });
  return [...rates, { sessions: 2, batch: best.batch, itemsPerSecond }];
}

/** Items per second of one session on this thread; `onWarm` may keep it waiting before what counts. */
async function rate({ workload, modelPath, batch, seconds }: Loop, onWarm?: () => Promise<void>): Promise<number> {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const items = itemsOf(workload);
  const rows = Array.from({ length: batch }, (_, index) => items[index % items.length] as readonly number[]);
  const tensor = new Tensor('float32', Float32Array.from(rows.flat()), [batch, ...itemShapes[workload]]);
  const feeds = { [session.inputNames[0] as string]: tensor };
  const runFor = async (ms: number): Promise<number> => {
    const start = performance.now();
    let runs = 0;
    let passed = 0;
    while (passed < ms) {
      await session.run(feeds);
      runs += 1;
      passed = performance.now() - start;
    }
    return (runs * batch * 1e3) / passed;
  };
  await runFor(seconds * 1e3 * WARM_UP_SHARE);
  await onWarm?.();
  const itemsPerSecond = await runFor(seconds * 1e3);
  await session.release();
  return itemsPerSecond;
}

async function rateOfTwo(loop: Loop): Promise<number> {
  const workers = [0, 1].map(() => new Worker(fileURLToPath(import.meta.url), { workerData: loop }));
  // Both are warm before either begins.
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const results = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage('go');
  const rates = (await Promise.all(results)) as [number][];
  return rates.reduce((sum, [itemsPerSecond]) => sum + itemsPerSecond, 0);
}

async function work(loop: Loop, port: MessagePort): Promise<void> {
  const result = await rate(loop, async () => {
    const go = once(port, 'message');
    port.postMessage('ready');
    await go;
  });
  port.postMessage(result);
}
