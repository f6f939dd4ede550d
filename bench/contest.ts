import { whole } from './figures.js';

/** The same done in two ways. */
export interface Contest<Sample, Result> {
  readonly millrace: (sample: Sample) => Result;
  readonly byHand: (sample: Sample) => Result;
}

export const ROUNDS = 9;
const ROUND_MS = 10;
/** Of everything together, before anything is measured. */
export const WARM_UP_ROUNDS = 3;

export function meanLength<Sample>(
  samples: readonly Sample[],
  of: (sample: Sample) => { readonly length: number },
): number {
  return samples.reduce((sum, sample) => sum + of(sample).length, 0) / samples.length;
}

/** Both ways in turns; the µs that each takes at best, since other work on the machine only ever adds to them. */
export function race<Sample>(
  { millrace, byHand }: Contest<Sample, unknown>,
  samples: readonly Sample[],
  rounds: number,
) {
  const best = { millrace: Number.POSITIVE_INFINITY, byHand: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round += 1) {
    best.millrace = Math.min(best.millrace, microseconds(millrace, samples));
    best.byHand = Math.min(best.byHand, microseconds(byHand, samples));
  }
  return best;
}

/** The mean µs of one sample. */
function microseconds<Sample>(work: (sample: Sample) => unknown, samples: readonly Sample[]): number {
  const start = performance.now();
  let elapsed = 0;
  let count = 0;
  while (elapsed < ROUND_MS) {
    for (const sample of samples) work(sample);
    count += samples.length;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1e3) / count;
}

export function cells(
  times: { millrace: number; byHand: number },
  bytes: { millrace: number; byHand: number },
): string[] {
  const cellsOf = (way: 'millrace' | 'byHand') => {
    return [whole(bytes[way]), times[way].toFixed(1), whole(bytes[way] / times[way])];
  };
  return [...cellsOf('millrace'), ...cellsOf('byHand'), (times.byHand / times.millrace).toFixed(2)];
}
