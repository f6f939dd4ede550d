import { unusableScore } from './scores.js';

/** Up to so many are kept in order while looking; for more, sorting costs less. */
const FEW = 64;

/** Which scores are wanted: at most so many, the highest, and none below the least. */
export interface Cut {
  readonly most: number;
  readonly least: number;
}

/** Every score. */
export const uncut: Cut = { most: Number.POSITIVE_INFINITY, least: Number.NEGATIVE_INFINITY };

/**
 * One cut and then the other. Their order makes no difference: the best so many of those above a score are those above
 * it of the best so many.
 */
export function bothCuts(one: Cut, other: Cut): Cut {
  return { most: Math.min(one.most, other.most), least: Math.max(one.least, other.least) };
}

/**
 * The places of the scores within a cut, by falling score, of equal ones the first first.
 *
 * @throws MillraceError OUTPUT_NOT_FINITE if any score is NaN
 */
export function bestFirst(scores: ArrayLike<number>, { most, least }: Cut): number[] {
  return most <= FEW ? fewBest(scores, { most, least }) : allSorted(scores, least).slice(0, most);
}

/** Keeps the best of those seen so far in order; most of the others lose against the last of them. */
function fewBest(scores: ArrayLike<number>, { most, least }: Cut): number[] {
  const best: number[] = [];
  for (let place = 0; place < scores.length; place += 1) {
    const score = scores[place] as number;
    if (!isWithin(score, least, place)) continue;
    if (best.length === most) {
      if (score <= (scores[best[most - 1] as number] as number)) continue;
      best.pop();
    }
    let at = best.length;
    for (; at > 0 && (scores[best[at - 1] as number] as number) < score; at -= 1) best[at] = best[at - 1] as number;
    best[at] = place;
  }
  return best;
}

function allSorted(scores: ArrayLike<number>, least: number): number[] {
  const places: number[] = [];
  for (let place = 0; place < scores.length; place += 1) {
    if (isWithin(scores[place] as number, least, place)) places.push(place);
  }
  // The engine's sort is stable, and takes the difference of two like infinities, NaN, for equality.
  return places.sort((one, other) => (scores[other] as number) - (scores[one] as number));
}

function isWithin(score: number, least: number, place: number): boolean {
  if (score >= least) return true;
  if (score < least) return false;
  throw unusableScore(score, place);
}
