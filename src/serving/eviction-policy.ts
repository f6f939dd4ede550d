/** A version that holds memory. Times in milliseconds on one clock. */
export interface Resident {
  /** What it takes, by the last estimate. */
  readonly bytes: number;
  readonly loadedAt: number;
  readonly lastUsedAt: number;
  readonly isPinned: boolean;
  /** Whether it is on its way out already, and only finishes what it has accepted. */
  readonly isLeaving: boolean;
  /** It goes when it was not used for so long. */
  readonly ttlMs: number | undefined;
}

export interface RoomQuestion<R extends Resident> {
  readonly now: number;
  readonly budgetBytes: number;
  /** What the version takes that is to be loaded; 0 to see whether the budget is kept. */
  readonly neededBytes: number;
  readonly residents: readonly R[];
  readonly minResidencyMs: number;
}

/** Whether a version can be loaded now, and what must go before. */
export type RoomDecision<R extends Resident> =
  | { readonly kind: 'fits' }
  | { readonly kind: 'evict'; readonly victims: readonly R[] }
  /** For those that are leaving, or until a moment on the clock. */
  | { readonly kind: 'wait'; readonly until: number | undefined }
  /** What may stay for good leaves too little. */
  | { readonly kind: 'never'; readonly availableBytes: number };

/**
 * Decides how room is made for a version: those that were used longest ago go first, without the pinned ones and
 * those that have just come, and no more of them than are needed.
 */
export function decideEviction<R extends Resident>(question: RoomQuestion<R>): RoomDecision<R> {
  const { now, budgetBytes, neededBytes, residents, minResidencyMs } = question;
  const availableBytes = budgetBytes - bytesOf(residents.filter(({ isPinned, isLeaving }) => isPinned && !isLeaving));
  if (neededBytes > availableBytes) return { kind: 'never', availableBytes };
  const missing = neededBytes - (budgetBytes - bytesOf(residents));
  if (missing <= 0) return { kind: 'fits' };
  const leavingBytes = bytesOf(residents.filter(({ isLeaving }) => isLeaving));
  if (missing <= leavingBytes) return { kind: 'wait', until: undefined };
  const evictable = residents
    .filter(({ isPinned, isLeaving }) => !isPinned && !isLeaving)
    .sort((a, b) => a.lastUsedAt - b.lastUsedAt);
  const settled = evictable.filter(({ loadedAt }) => loadedAt + minResidencyMs <= now);
  const victims = fewest(settled, missing - leavingBytes);
  if (victims !== undefined) return { kind: 'evict', victims };
  return { kind: 'wait', until: nextEvictable(evictable, question) };
}

/** Which were not used for longer than they may, and when the next one will be. */
export function decideExpiry<R extends Resident>(
  now: number,
  residents: readonly R[],
): { expired: R[]; nextAt: number } {
  const expired: R[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const resident of residents) {
    if (resident.ttlMs === undefined || resident.isPinned || resident.isLeaving) continue;
    const expiresAt = resident.lastUsedAt + resident.ttlMs;
    if (expiresAt <= now) expired.push(resident);
    else nextAt = Math.min(nextAt, expiresAt);
  }
  return { expired, nextAt };
}

/** The first ones that give as much together, without those that the later ones make needless; undefined if all are too few. */
function fewest<R extends Resident>(candidates: readonly R[], neededBytes: number): R[] | undefined {
  const victims: R[] = [];
  let freed = 0;
  for (const candidate of candidates) {
    if (freed >= neededBytes) break;
    victims.push(candidate);
    freed += candidate.bytes;
  }
  if (freed < neededBytes) return undefined;
  // The one used last is spared first.
  for (const victim of [...victims].reverse()) {
    if (freed - victim.bytes < neededBytes) continue;
    freed -= victim.bytes;
    victims.splice(victims.indexOf(victim), 1);
  }
  return victims;
}

/** When the next of those that have just come may go. */
function nextEvictable<R extends Resident>(evictable: readonly R[], { now, minResidencyMs }: RoomQuestion<R>): number {
  return Math.min(...evictable.map(({ loadedAt }) => loadedAt + minResidencyMs).filter((at) => at > now));
}

function bytesOf(residents: readonly Resident[]): number {
  return residents.reduce((sum, { bytes }) => sum + bytes, 0);
}
