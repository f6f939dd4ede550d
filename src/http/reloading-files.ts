import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../core/clock.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { EventSink } from '../core/events.js';

/** How often the files are looked at. */
export const LOOK_EVERY_MS = 1_000;

/** Files that make one value together, such as a certificate and its key. */
export interface FileSource<Value> {
  /** What the log calls the value. */
  readonly what: 'keys' | 'certificate';
  readonly paths: readonly string[];
  /**
   * Makes the value from the files' contents, in the order of the paths.
   *
   * @throws Error if they are not fit for it; its message is shown and must hold nothing secret
   */
  make(contents: readonly string[]): Value;
}

export interface ReloadContext {
  readonly clock: Clock;
  readonly events: EventSink;
  /** Reads one file as UTF-8; for tests. */
  readonly read?: (path: string) => Promise<string>;
}

/**
 * A value that is made anew when its files change, while the server runs. Their contents are compared, again and
 * again: watchers of the file system miss a folder that is exchanged whole, as Kubernetes does it with secrets. What
 * is new is taken once it looks the same twice, so that half a file, or the one half of a pair, is left alone. What
 * cannot be taken is told, and the old value stays.
 */
export class ReloadingFiles<Value> {
  readonly #source: FileSource<Value>;
  readonly #context: ReloadContext;
  #value: Value;
  /** Fingerprint of the contents that were last taken or refused. */
  #judged: string;
  /** Fingerprint of contents that were seen once, and are not those. */
  #candidate: string | undefined;
  readonly #onChange: ((value: Value) => void)[] = [];
  #timer: Timer | undefined;

  private constructor(source: FileSource<Value>, context: ReloadContext, first: { value: Value; judged: string }) {
    this.#source = source;
    this.#context = context;
    this.#value = first.value;
    this.#judged = first.judged;
    this.#lookLater();
  }

  /**
   * Makes the value for the first time, and begins to watch.
   *
   * @throws MillraceError INVALID_REQUEST if the files cannot be read or are not fit
   */
  static async open<Value>(source: FileSource<Value>, context: ReloadContext): Promise<ReloadingFiles<Value>> {
    try {
      const contents = await readAll(source, context);
      const value = source.make(contents);
      return new ReloadingFiles(source, context, { value, judged: fingerprintOf(contents) });
    } catch (error) {
      const text = `${source.paths.join(' and ')}: ${reasonOf(error)}`;
      throw new MillraceError('INVALID_REQUEST', text, { cause: error });
    }
  }

  get value(): Value {
    return this.#value;
  }

  /** Calls `run` with each value that is to take the place of the one before; if it throws, that one stays. */
  onChange(run: (value: Value) => void): void {
    this.#onChange.push(run);
  }

  /** Looks no more. Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #lookLater(): void {
    this.#timer = this.#context.clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    const contents = await readAll(this.#source, this.#context).catch((error: unknown) => error as Error);
    if (this.#timer !== timer) return;
    const seen = fingerprintOf(contents);
    const isNew = seen !== this.#judged;
    const isSettled = seen === this.#candidate;
    this.#candidate = isNew ? seen : undefined;
    if (isNew && isSettled) this.#judge(contents, seen);
    this.#lookLater();
  }

  #judge(contents: readonly string[] | Error, seen: string): void {
    const { what } = this.#source;
    this.#judged = seen;
    try {
      if (contents instanceof Error) throw contents;
      const value = this.#source.make(contents);
      for (const run of this.#onChange) run(value);
      this.#value = value;
      this.#context.events.emit('filesReloaded', { what });
    } catch (error) {
      this.#context.events.emit('reloadFailed', { what, reason: reasonOf(error) });
    }
  }
}

function readAll<Value>({ paths }: FileSource<Value>, { read = readText }: ReloadContext): Promise<string[]> {
  return Promise.all(paths.map((path) => read(path)));
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

/** The contents themselves are not kept: they are secret. */
function fingerprintOf(contents: readonly string[] | Error): string {
  const text = contents instanceof Error ? contents.message : JSON.stringify(contents);
  return createHash('sha256').update(text).digest('hex');
}
