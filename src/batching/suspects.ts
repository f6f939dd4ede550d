import type { Clock } from '../core/clock.js';

/** What is held against an input, by its digest. */
export type Standing =
  | { readonly kind: 'clear' }
  /** It has failed by itself: it runs alone. */
  | { readonly kind: 'suspect' }
  /** It has ended instances by itself: it does not run. */
  | { readonly kind: 'quarantined'; readonly leftMs: number };

/** An input that failed runs alone for so long after the last time; inputs are hashed for so long after any failure. */
const SUSPECT_MS = 30_000;
/** An input that ends instances is refused for so long. */
export const QUARANTINE_MS = 60_000;
/** Digests of each kind that are kept, at most: some hundred bytes each. The one that failed longest ago goes first. */
const MAX_DIGESTS = 1_000;

/**
 * The inputs of one model that have failed when they ran alone, by their digests, for a while. Nobody need hash
 * anything as long as nothing has failed of late: `isWatching` says when.
 */
export class Suspects {
  readonly #clock: Clock;
  readonly #failed: RecentDigests;
  readonly #deadly: RecentDigests;
  #watchUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#failed = new RecentDigests(clock, SUSPECT_MS);
    this.#deadly = new RecentDigests(clock, QUARANTINE_MS);
  }

  /** Whether inputs are to be looked at: something failed a while ago, or is held against one. */
  get isWatching(): boolean {
    return this.#clock.now() < this.#watchUntil;
  }

  /** Something has failed, whoever's fault it is. */
  watch(): void {
    this.#watchFor(SUSPECT_MS);
  }

  standingOf(digest: string): Standing {
    const leftMs = this.#deadly.leftMs(digest);
    if (leftMs > 0) return { kind: 'quarantined', leftMs };
    return { kind: this.#failed.leftMs(digest) > 0 ? 'suspect' : 'clear' };
  }

  /** The input failed while it ran alone. */
  suspect(digest: string): void {
    this.#failed.add(digest);
    this.#watchFor(SUSPECT_MS);
  }

  /** The input ended its instance while it ran alone, and not for the first time. */
  quarantine(digest: string): void {
    this.#deadly.add(digest);
    this.#watchFor(QUARANTINE_MS);
  }

  /** The input ran well. */
  clear(digest: string): void {
    this.#failed.delete(digest);
  }

  #watchFor(ms: number): void {
    this.#watchUntil = Math.max(this.#watchUntil, this.#clock.now() + ms);
  }
}

/** Digests that were added within the last `keptMs`; a Map goes through its keys in the order in which they came. */
class RecentDigests {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  add(digest: string): void {
    this.#until.delete(digest);
    this.#until.set(digest, this.#clock.now() + this.#keptMs);
    if (this.#until.size <= MAX_DIGESTS) return;
    const [oldest] = this.#until.keys();
    this.#until.delete(oldest as string);
  }

  delete(digest: string): void {
    this.#until.delete(digest);
  }

  /** For how much longer the digest is kept; 0 if it is not. */
  leftMs(digest: string): number {
    return Math.max(0, (this.#until.get(digest) ?? 0) - this.#clock.now());
  }
}
