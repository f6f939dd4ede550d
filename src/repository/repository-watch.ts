import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock, Timer } from '../core/clock.js';
import { listRepository, modelNameOf } from './model-repository.js';
import { filesIn, stampLine } from './version-measures.js';

/** How often the folder is looked at. */
const LOOK_EVERY_MS = 1_000;

/** How an entry of the folder looked. */
interface Sight {
  /** Sizes, times of change and inodes of its files; empty if it is gone. */
  readonly stamp: string;
  /** Of its contents. */
  readonly digest: string;
}

/** Is told the names of the models that have changed, come or gone. Must not reject. */
type Follow = (names: readonly string[]) => Promise<void>;

/**
 * Follows a model repository. It is looked at again and again: the system's own notices miss network file systems,
 * many mounts of containers, and folders that are exchanged whole. An entry that looks new is taken when its files have
 * the same sizes, times and contents at two looks in a row: what is still being copied is left alone, and a folder that
 * is renamed into its place is taken at the second look.
 */
export class RepositoryWatch {
  readonly #folder: string;
  readonly #clock: Clock;
  /** As they were when they were last told of. */
  readonly #known: Map<string, string>;
  /** New ones that were seen once. */
  readonly #candidates = new Map<string, Sight>();
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(folder: string, clock: Clock, known: Map<string, string>) {
    this.#folder = folder;
    this.#clock = clock;
    this.#known = known;
  }

  /**
   * Remembers how the folder looks now; to be called before it is read, so that no change falls in between.
   *
   * @throws MillraceError INVALID_REQUEST if the folder cannot be read
   */
  static async open(folder: string, clock: Clock): Promise<RepositoryWatch> {
    return new RepositoryWatch(folder, clock, await stampsIn(folder));
  }

  /** Begins to look, again and again. */
  start(follow: Follow): void {
    if (!this.#isClosed) this.#timer = this.#clock.after(LOOK_EVERY_MS, () => void this.#lookAndGoOn(follow));
  }

  /** Looks no more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Looks once, and settles when what has changed was told of. */
  async look(follow: Follow): Promise<void> {
    // A folder that is gone for a moment takes no model out of service.
    const stamps = await stampsIn(this.#folder).catch(() => undefined);
    if (stamps === undefined) return;
    const changed: string[] = [];
    for (const entry of new Set([...stamps.keys(), ...this.#known.keys()])) {
      if (await this.#hasSettled(entry, stamps.get(entry) ?? '')) changed.push(entry);
    }
    if (changed.length > 0 && !this.#isClosed) await follow([...new Set(changed.map(modelNameOf))]);
  }

  async #lookAndGoOn(follow: Follow): Promise<void> {
    await this.look(follow);
    this.start(follow);
  }

  /** Whether an entry has changed and looked like this the last time, too; then it is known from now on. */
  async #hasSettled(entry: string, stamp: string): Promise<boolean> {
    const candidate = this.#candidates.get(entry);
    this.#candidates.delete(entry);
    if ((this.#known.get(entry) ?? '') === stamp) return false;
    const digest = await digestOf(stamp).catch(() => undefined);
    if (digest === undefined) return false;
    if (candidate?.stamp !== stamp || candidate.digest !== digest) {
      this.#candidates.set(entry, { stamp, digest });
      return false;
    }
    if (stamp === '') this.#known.delete(entry);
    else this.#known.set(entry, stamp);
    return true;
  }
}

/** The stamps of all entries of a repository. */
async function stampsIn(folder: string): Promise<Map<string, string>> {
  const { root, entries } = await listRepository(folder);
  const stamps = await Promise.all(entries.map(async (entry) => [entry, await stampOf(join(root, entry))] as const));
  return new Map(stamps);
}

async function stampOf(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return '';
  if (!status.isDirectory()) return stampLine(path, status);
  const files = (await filesIn(path, { recursive: true })).sort();
  const statuses = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  const lines = files.map((file, index) => {
    const each = statuses[index];
    return each === undefined ? `${file} is gone` : stampLine(file, each);
  });
  return [path, ...lines].join('\n');
}

/** Of the contents of the files that a stamp names. */
async function digestOf(stamp: string): Promise<string> {
  const hash = createHash('sha256');
  for (const line of stamp.split('\n')) {
    const file = line.replace(/ \d+ [\d.]+ \d+$/, '');
    const status = await stat(file).catch(() => undefined);
    // What is no regular file may never come to an end.
    if (status?.isFile() === true) await pipeline(createReadStream(file), hash, { end: false });
  }
  return hash.digest('hex');
}
