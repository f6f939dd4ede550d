import type { Clock } from '../core/clock.js';
import type { JobView } from './job.js';

/** How long a finished job is remembered. */
export const FINISHED_TTL_MS = 60_000;
/** How many finished jobs are remembered. */
export const MAX_FINISHED = 1_000;

/** A job in flight, for as long as it is. */
export interface LiveJob {
  readonly id: string;
  view(): JobView;
}

/** A request of several items: its jobs in order. */
export interface JobGroup {
  readonly id: string;
  readonly jobIds: readonly string[];
}

/** Jobs by id: those in flight, and for a while those that have finished. */
export class JobRegistry<Live extends LiveJob> {
  readonly #clock: Clock;
  readonly #live = new Map<string, Live>();
  readonly #finished = new Map<string, { view: JobView; until: number }>();
  readonly #groups = new Map<string, { group: JobGroup; until: number | undefined }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Jobs in flight. */
  get size(): number {
    return this.#live.size;
  }

  /** Whether a job or group of this id is in flight. */
  isInFlight(id: string): boolean {
    if (this.#live.has(id)) return true;
    return this.#groups.get(id)?.group.jobIds.some((jobId) => this.#live.has(jobId)) ?? false;
  }

  add(job: Live): void {
    this.#finished.delete(job.id);
    this.#live.set(job.id, job);
  }

  addGroup(group: JobGroup): void {
    this.#groups.set(group.id, { group, until: undefined });
  }

  /** All jobs in flight. */
  get liveJobs(): readonly Live[] {
    return [...this.#live.values()];
  }

  live(id: string): Live | undefined {
    return this.#live.get(id);
  }

  group(id: string): JobGroup | undefined {
    return this.#groups.get(id)?.group;
  }

  /** What is known of a job; undefined if it never was, or finished too long ago. */
  view(id: string): JobView | undefined {
    const live = this.#live.get(id);
    if (live !== undefined) return live.view();
    const finished = this.#finished.get(id);
    return finished !== undefined && finished.until > this.#clock.now() ? finished.view : undefined;
  }

  /** The job has finished: only its view is kept, and for so long. */
  finish(view: JobView): void {
    const now = this.#clock.now();
    this.#live.delete(view.id);
    this.#finished.delete(view.id);
    this.#finished.set(view.id, { view, until: now + FINISHED_TTL_MS });
    // Oldest first, as they were inserted.
    for (const id of this.#finished.keys()) {
      const isOld = (this.#finished.get(id)?.until ?? 0) <= now;
      if (!isOld && this.#finished.size <= MAX_FINISHED) break;
      this.#finished.delete(id);
    }
  }

  /** All jobs of a group have finished. */
  finishGroup(id: string): void {
    const now = this.#clock.now();
    const entry = this.#groups.get(id);
    if (entry === undefined) return;
    this.#groups.delete(id);
    this.#groups.set(id, { group: entry.group, until: now + FINISHED_TTL_MS });
    for (const [groupId, { until }] of this.#groups) {
      if (until === undefined) continue;
      if (until > now && this.#groups.size <= MAX_FINISHED) break;
      this.#groups.delete(groupId);
    }
  }
}
