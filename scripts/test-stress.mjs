// `npm run test:stress`: a million random programs, or `-- --programs N`, on the real queue and batcher and on the slow
// reference; from a random seed, or `-- --seed S`. A difference is printed, cut down, with the seed that repeats it.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

/** Programs between two lines of progress. */
const CHUNK = 20_000;

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const [programs, seed] = [Number(values.programs), Number(values.seed)];
prepare({ tests: true });
const { playInThreads } = await import('../build/test/property/reference/play.js');

console.log(`${programs} programs from seed ${seed} on`);
const started = performance.now();
for (let done = 0; done < programs; ) {
  const count = Math.min(CHUNK, programs - done);
  const difference = await playInThreads(seed + done, count, availableParallelism());
  if (difference !== undefined) {
    console.error(difference);
    process.exit(1);
  }
  done += count;
  console.log(`${done} programs, ${Math.round((performance.now() - started) / 1e3)} s, no difference`);
}
