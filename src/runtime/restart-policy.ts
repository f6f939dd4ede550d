/** What to do about a crashed instance. */
export type RestartDecision = { readonly kind: 'restart'; readonly inMs: number } | { readonly kind: 'giveUp' };

/** Crashes in a row, without one batch done in between, after which a model is not worth restarting. */
const MAX_CRASHES_IN_A_ROW = 5;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/**
 * Restarts wait longer after each crash in a row: 0.1, 0.2, 0.4 … seconds, at most 10.
 *
 * @param crashesInARow crashes of the model's instances since one of them last finished a batch, this one included
 * @param mayGiveUp false if it was ready, and what it died of harmed nobody else: a process that requests killed. A
 * model is not taken from all because of them; it only starts more and more slowly, until a batch is done
 */
export function decideRestart(crashesInARow: number, mayGiveUp: boolean): RestartDecision {
  if (mayGiveUp && crashesInARow >= MAX_CRASHES_IN_A_ROW) return { kind: 'giveUp' };
  return { kind: 'restart', inMs: Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (crashesInARow - 1)) };
}
