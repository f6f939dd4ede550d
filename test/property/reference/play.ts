import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Program, programOf, type Step } from './program.js';
import { ReferenceWorld } from './world.js';

/** A program on which the real thing and the reference differ, cut down to what it takes. */
export interface Difference {
  readonly seed: number;
  readonly program: Program;
  readonly error: unknown;
}

/** Plays the programs of `count` seeds from `first` on; gives the first difference, if there is any. */
export async function playPrograms(first: number, count: number): Promise<Difference | undefined> {
  for (let seed = first; seed < first + count; seed += 1) {
    const program = programOf(seed);
    const error = await play(program);
    if (error !== undefined) return { seed, ...(await shrink(program, error)) };
  }
  return undefined;
}

/** As `playPrograms`, in threads side by side and without the test runner's hooks; gives a text. */
export async function playInThreads(first: number, count: number, threads: number): Promise<string | undefined> {
  const share = Math.ceil(count / threads);
  const differences = await Promise.all(
    Array.from({ length: threads }, (_, thread) => playInThread(first + thread * share, share)),
  );
  return differences.find((difference) => difference !== undefined);
}

async function playInThread(first: number, count: number): Promise<string | undefined> {
  const worker = new Worker(new URL('./play-thread.js', import.meta.url), { workerData: { first, count } });
  const [difference] = (await once(worker, 'message')) as [string | undefined];
  await worker.terminate();
  return difference;
}

/** How to say what differs, and how to see it again. */
export function describeDifference({ seed, program, error }: Difference): string {
  const steps = program.steps.map((step) => `  ${JSON.stringify(step)}`).join('\n');
  const text = error instanceof Error ? error.message : String(error);
  return `seed ${seed}: ${text}\n${JSON.stringify(program.setup)}\n${steps}\nAgain: REFERENCE_SEED=${seed} REFERENCE_PROGRAMS=1 npm test -- property/reference`;
}

async function play(program: Program): Promise<unknown> {
  try {
    await new ReferenceWorld(program.setup).play(program);
    return undefined;
  } catch (error) {
    return error ?? new Error('it threw nothing');
  }
}

/** Leaves out step after step for as long as something differs. */
async function shrink(program: Program, found: unknown): Promise<Omit<Difference, 'seed'>> {
  let [steps, error]: [readonly Step[], unknown] = [program.steps, found];
  for (let at = 0; at < steps.length; ) {
    const fewer = { ...program, steps: steps.toSpliced(at, 1) };
    const still = await play(fewer);
    if (still === undefined) at += 1;
    else [steps, error] = [fewer.steps, still];
  }
  return { program: { ...program, steps }, error };
}
