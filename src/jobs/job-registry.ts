import type { Clock } from '../core/clock.js';
import type { JobView } from './job.js';

/** How long a finished job is remembered. */
export const FINISHED_TTL_MS = 60_000;
/** How many finished jobs, and how many finished groups of jobs, are remembered. */
export const MAX_FINISHED = 1_000;

/** What the registry needs of a job in flight. */
export interface RegisteredJob {
  readonly id: string;
  view(): JobView;
}

/**
 * The jobs of one tenant by id: those in flight, and for a while those that have finished. The jobs of a request with
 * several items are a group, which is in flight until its last job has finished; until then its items' ids are taken
 * too. An id always means the latest job or group that had it.
 */
export class JobRegistry<Job extends RegisteredJob> {
  readonly #live = new Map<string, Job>();
  readonly #liveGroups = new Map<string, { jobIds: readonly string[]; left: number }>();
  readonly #groupItems = new Set<string>();
  readonly #finished: Recent<JobView>;
  readonly #finishedGroups: Recent<readonly string[]>;

  constructor(clock: Clock) {
    this.#finished = new Recent(clock);
    this.#finishedGroups = new Recent(clock);
  }

  /** Jobs in flight. */
  get liveJobs(): readonly Job[] {
    return [...this.#live.values()];
  }

  /** Whether the id is taken by a job or a group in flight. */
  isInFlight(id: string): boolean {
    return this.#live.has(id) || this.#liveGroups.has(id) || this.#groupItems.has(id);
  }

  add(job: Job): void {
    this.#finished.forget(job.id);
    this.#finishedGroups.forget(job.id);
    this.#live.set(job.id, job);
  }

  /** Announces a group; its jobs, at least one, are added one by one. */
  addGroup(id: string, jobIds: readonly string[]): void {
    this.#finished.forget(id);
    this.#finishedGroups.forget(id);
    this.#liveGroups.set(id, { jobIds, left: jobIds.length });
    for (const jobId of jobIds) this.#groupItems.add(jobId);
  }

  /** The jobs in flight that an id means: one, those of a group, or none. */
  live(id: string): Job[] {
    const ids = this.#liveGroups.get(id)?.jobIds ?? [id];
    return ids.flatMap((jobId) => this.#live.get(jobId) ?? []);
  }

  /** What is known of a job, or of the jobs of a group in their order; undefined if nothing is. */
  find(id: string): JobView | JobView[] | undefined {
    const jobIds = this.#liveGroups.get(id)?.jobIds ?? this.#finishedGroups.get(id);
    if (jobIds === undefined) return this.#view(id);
    const views = jobIds.flatMap((jobId) => {
      const view = this.#view(jobId);
      return view?.group === id ? [view] : [];
    });
    return views.length > 0 ? views : undefined;
  }

  /** A job has finished: only its view is kept, and for so long. */
  finish(view: JobView): void {
    const { id, group } = view;
    this.#live.delete(id);
    this.#finished.remember(id, view);
    const entry = group === undefined ? undefined : this.#liveGroups.get(group);
    if (group === undefined || entry === undefined) return;
    entry.left -= 1;
    if (entry.left > 0) return;
    this.#liveGroups.delete(group);
    for (const jobId of entry.jobIds) this.#groupItems.delete(jobId);
    this.#finishedGroups.remember(group, entry.jobIds);
  }

  #view(id: string): JobView | undefined {
    return this.#live.get(id)?.view() ?? this.#finished.get(id);
  }
}

/** What was remembered last, bounded by age and number (invariant I7). */
class Recent<Value> {
  readonly #clock: Clock;
  /** Oldest first, as they were inserted. */
  readonly #entries = new Map<string, { value: Value; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): Value | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.until > this.#clock.now() ? entry.value : undefined;
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  remember(id: string, value: Value): void {
    const now = this.#clock.now();
    this.#entries.delete(id);
    this.#entries.set(id, { value, until: now + FINISHED_TTL_MS });
    for (const oldest of this.#entries.keys()) {
      const isOld = (this.#entries.get(oldest)?.until ?? 0) <= now;
      if (!isOld && this.#entries.size <= MAX_FINISHED) break;
      this.#entries.delete(oldest);
    }
  }
}
