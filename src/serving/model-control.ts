import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import type { EventSink, ModelState } from '../core/events.js';
import { type RepositoryModel, scanModel } from '../repository/model-repository.js';
import type { RepositoryWatch } from '../repository/repository-watch.js';
import type { ControlMode } from './control-config.js';
import { type ReloadOutcome, reloadEntry } from './entry-reload.js';
import { isEmptyOverride, type LoadOverride, type OpenOverride, openOverride } from './load-override.js';
import type { ModelManager } from './model-manager.js';
import { modelNotFound } from './model-names.js';

/** One line of the index of the repository. */
export interface IndexEntry {
  readonly name: string;
  /** Empty for a model of which no version is served. */
  readonly version: string;
  readonly state: ModelState;
  readonly reason: string | undefined;
}

export interface ControlOptions {
  readonly models: ModelManager;
  readonly events: EventSink;
  readonly mode: ControlMode;
  /** The model repository. */
  readonly folder: string;
  readonly maxModelBytes: number;
  /** Of the repository, for the mode `watch`. */
  readonly watch?: RepositoryWatch | undefined;
}

/** Loads and unloads models while the server runs, as far as the mode allows: by request, or as the folder changes. */
export class ModelControl {
  readonly #options: ControlOptions;
  /** What goes on with each model: one thing after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Files that were sent with loads; they lie there until nothing is served from them. */
  readonly #overrides = new Set<OpenOverride>();

  constructor(options: ControlOptions) {
    this.#options = options;
    options.watch?.start((names) => this.follow(names));
  }

  /**
   * Everything that lies in the repository, by all names that requests may use, and how it stands.
   *
   * @param ready whether only what answers requests is asked for, be it that the first of them loads it
   */
  index(ready = false): IndexEntry[] {
    const entries = this.#options.models.listed.flatMap(({ name, versions, problem }): IndexEntry[] => {
      if (versions.length === 0) return [{ name, version: '', state: 'UNAVAILABLE', reason: problem }];
      return versions.map(({ ref, state, reason }) => ({ name, version: ref.version, state, reason }));
    });
    return entries.filter(({ state }) => !ready || state === 'READY' || state === 'EVICTED');
  }

  /**
   * Loads a model as it lies in the folder, or as the override says; one that is served already is replaced without a
   * gap, as far as it has changed. Settles when the new one serves; the old one may be finishing its requests still.
   *
   * @throws MillraceError MODEL_CONTROL_OFF, MODEL_NOT_FOUND, INVALID_REQUEST if the override is wrong, LOAD_FAILED
   */
  load(name: string, override: LoadOverride = {}): Promise<void> {
    this.#checkMode();
    return this.#inTurn(name, async () => {
      const opened = await this.#open(name, override);
      // Before anything else: the server may be stopped during the load.
      this.#overrides.add(opened);
      const outcome = await this.#reload(opened.model, { eager: true });
      void outcome.drained.then(() => this.#removeUnserved());
      if (outcome.problems.length > 0) throw loadFailed(name, outcome.problems);
      const { versions = [], problem = 'it has no version' } = this.#options.models.own(name) ?? {};
      if (versions.length === 0) throw loadFailed(name, [problem]);
    });
  }

  /**
   * Unloads all versions of a model, once they have finished what they accepted.
   *
   * @throws MillraceError MODEL_CONTROL_OFF, MODEL_NOT_FOUND
   */
  unload(name: string): Promise<void> {
    this.#checkMode();
    return this.#inTurn(name, async () => {
      const { models } = this.#options;
      const entry = models.own(name);
      if (entry === undefined) throw this.#notFound(name);
      const how = { to: 'UNAVAILABLE', reason: 'it was unloaded by request', cause: 'unloaded' } as const;
      await Promise.all(entry.versions.map((version) => models.loader.unload(version, how)));
    });
  }

  /** Takes over what has changed in the folder. Never rejects: what can't be taken is told, and stays as it was. */
  async follow(names: readonly string[]): Promise<void> {
    const { models, folder, maxModelBytes } = this.#options;
    for (const name of names) {
      await this.#inTurn(name, async () => {
        const found = await scanModel(folder, name, maxModelBytes);
        if (found === undefined) return this.#remove(name);
        await this.#reload(found, { eager: models.loadsAtStart(name) });
      }).catch((error: unknown) => this.#tellFailure(name, withoutPaths(reasonOf(error))));
    }
  }

  /** Follows the folder no more, and takes away what was sent with loads. Never rejects. */
  async close(): Promise<void> {
    this.#options.watch?.close();
    await Promise.all([...this.#overrides].map((override) => override.remove()));
  }

  /** @throws MillraceError MODEL_CONTROL_OFF, with the way to allow it */
  #checkMode(): void {
    const { mode } = this.#options;
    if (mode === 'explicit') return;
    const because = mode === 'watch' ? 'polling is enabled (model_control: watch)' : 'model_control is none';
    const text = `explicit model load / unload is not allowed if ${because}; start the server with --model-control explicit to allow it.`;
    throw new MillraceError('MODEL_CONTROL_OFF', text, { path: 'model_control', expected: 'explicit', got: mode });
  }

  async #open(name: string, override: LoadOverride): Promise<OpenOverride> {
    const { folder, maxModelBytes } = this.#options;
    const found = await scanModel(folder, name, maxModelBytes);
    if (!isEmptyOverride(override)) return openOverride({ name, found, override, maxModelBytes });
    if (found === undefined) throw this.#notFound(name);
    return { model: found, remove: async () => undefined };
  }

  async #reload(found: RepositoryModel, { eager }: { eager: boolean }): Promise<ReloadOutcome> {
    const { events, models } = this.#options;
    const outcome = await reloadEntry(models, found, eager);
    if (outcome.problems.length > 0) this.#tellFailure(found.name, outcome.problems.join('; '));
    else events.emit('filesReloaded', { what: `model ${found.name}` });
    return outcome;
  }

  /** The files of an override live as long as something is served from them. */
  #removeUnserved(): void {
    const served = new Set(this.#options.models.served.map(({ source }) => source.files));
    for (const override of this.#overrides) {
      if (override.model.versions.some(({ files }) => served.has(files))) continue;
      this.#overrides.delete(override);
      void override.remove();
    }
  }

  async #remove(name: string): Promise<void> {
    const { events, models } = this.#options;
    const versions = models.own(name)?.versions ?? [];
    models.remove(name);
    const how = { to: 'UNAVAILABLE', reason: 'it is no longer in the folder', cause: 'unloaded' } as const;
    for (const version of versions) {
      version.usage.end();
      void models.loader.unload(version, how);
    }
    events.emit('filesReloaded', { what: `model ${name}, which is gone` });
  }

  #tellFailure(name: string, reason: string): void {
    this.#options.events.emit('reloadFailed', { what: `model ${name}`, reason });
  }

  #notFound(name: string): MillraceError {
    return modelNotFound(
      name,
      this.#options.models.entries.map((entry) => entry.name),
    );
  }

  /** What is asked for one model happens in the order in which it was asked. */
  async #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(name);
    const turn = (async () => {
      await before?.catch(() => undefined);
      await work();
    })();
    this.#turns.set(name, turn);
    await turn.finally(() => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    });
  }
}

function loadFailed(name: string, problems: readonly string[]): MillraceError {
  return new MillraceError('LOAD_FAILED', `failed to load '${name}': ${problems.join('; ')}.`, { path: 'model' });
}
