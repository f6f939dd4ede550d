import type { RepositoryModel } from '../repository/model-repository.js';
import { type LoadWait, LoadWaits, type WaitingRequest } from './load-wait.js';
import {
  clashOf,
  type EntryPlan,
  hasPipeline,
  type ModelEntry,
  type PlannedVersion,
  planEntry,
  type Target,
  tensorForm,
} from './model-entry.js';
import { ModelLoader } from './model-loader.js';
import { baseName, modelNotFound } from './model-names.js';
import type { Beginning } from './model-status.js';
import type { ServingContext } from './open-model.js';
import { ServedModel } from './served-model.js';
import { lookUpVersion } from './version-lookup.js';

/** A model as a request names it. */
export interface ModelQuery {
  readonly name: string;
  /** A number, an alias, or `latest`; undefined leaves it to the weights. */
  readonly version: string | undefined;
  /** Requests of one key that name no version always go to the same side of the weights. */
  readonly key?: string | undefined;
}

/** All models of a server, by name and version. */
export class ModelManager {
  readonly loader: ModelLoader;
  readonly #context: ServingContext;
  readonly #entries = new Map<string, ModelEntry>();
  readonly #waits: LoadWaits;
  /** All that may still hold memory, also those that were replaced or are to replace others. */
  readonly #begun = new Set<ServedModel>();
  #settled = false;
  #unkeyed = 0;

  /** @param models what lies in the repository; each is served or has its problem told, none keeps another from being served */
  constructor(models: readonly RepositoryModel[], context: ServingContext) {
    const { clock, events, memory, defaultInstances } = context;
    this.#context = context;
    this.loader = new ModelLoader({ clock, events, memory, defaultInstances });
    this.#waits = new LoadWaits(this.loader, clock);
    const plans = new Map(models.map((model) => [model.name, planEntry(model)]));
    for (const plan of plans.values()) {
      const clash = clashOf(plan.name, (name) => plans.get(name));
      this.#enterPlan(clash === undefined ? plan : { ...plan, versions: [], problem: clash });
    }
  }

  /** All models, by name. */
  get entries(): readonly ModelEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** All names that a request may use, and so also the tensor forms of pipelines. */
  get listed(): readonly ModelEntry[] {
    const forms = this.entries.filter(hasPipeline).map(tensorForm);
    return [...this.entries, ...forms.filter(({ name }) => !this.#entries.has(name))].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  /** All versions of all models. */
  get served(): readonly ServedModel[] {
    return this.entries.flatMap(({ versions }) => versions);
  }

  /**
   * Whether the server can do what it is there for: every model that loads at start has left its first LOADING, and
   * one can be used or there are none to load. Later failures change nothing, so that one bad model takes no server
   * out of rotation.
   */
  get ready(): boolean {
    return this.#settled;
  }

  /** Loads what is to be loaded at start; settles when each has left LOADING. Never rejects. */
  async loadAll(): Promise<void> {
    const { served } = this;
    const starting = served.filter(({ state }) => state === 'LOADING');
    await Promise.all(starting.map((model) => this.loader.load(model, { mayEvict: false })));
    const isToBeTold = this.#context.modelControl === 'explicit' && starting.length === 0;
    this.#settled = this.#entries.size === 0 || isToBeTold || served.some(({ isUsable }) => isUsable);
  }

  /**
   * Finds a model by name.
   *
   * @throws MillraceError MODEL_NOT_FOUND, with the names that are near
   */
  entry(name: string): ModelEntry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const base = this.#entries.get(baseName(name) ?? '');
    if (base !== undefined && hasPipeline(base)) return tensorForm(base);
    throw modelNotFound(
      name,
      this.listed.map((each) => each.name),
    );
  }

  /**
   * Finds the version that a request is for, be it loaded or not: the one it names, by number or alias, else the one
   * that the weights give it, else the newest.
   *
   * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
   */
  find({ name, version, key }: ModelQuery): Target {
    const entry = this.entry(name);
    if (key === undefined) this.#unkeyed += 1;
    const model = lookUpVersion(entry, version, { key, sequence: this.#unkeyed });
    return { name, form: entry.form, model };
  }

  /**
   * As `find`, for a caller that can't wait.
   *
   * @throws MillraceError also MODEL_UNAVAILABLE for a version that is not loaded
   */
  resolve(name: string, version: string | undefined): Target {
    const target = this.find({ name, version });
    if (target.model.state !== 'READY') throw target.model.unavailable();
    return target;
  }

  /**
   * Waits with a request until its model is loaded, and has it loaded if need be. A model that is READY needs no waiting.
   *
   * @param target what `find` gave for the query
   */
  wait(target: Target, query: ModelQuery, request: WaitingRequest): LoadWait {
    return this.#waits.begin(target, request, () => this.find(query));
  }

  /** The model of exactly this name; undefined if there is none. */
  own(name: string): ModelEntry | undefined {
    return this.#entries.get(name);
  }

  /** Makes a version that is planned, not loaded yet. It is served once an entry with it is put in place. */
  begin({ source, problem }: PlannedVersion, beginning?: Beginning): ServedModel {
    const model = new ServedModel(source, this.#context, beginning);
    for (const each of this.#begun) if (each.usage.isOver && !each.isResident) this.#begun.delete(each);
    this.#begun.add(model);
    if (problem !== undefined) model.markUnavailable(problem);
    return model;
  }

  /** Puts an entry in the place of the one of its name. */
  replace(entry: ModelEntry): void {
    this.#entries.set(entry.name, entry);
    const { name: model, versions, problem } = entry;
    if (versions.length > 0 || problem === undefined) return;
    const { events } = this.#context;
    events.emit('modelStateChanged', { model, version: '', from: undefined, to: 'UNAVAILABLE', reason: problem });
  }

  /** Forgets a model; its versions are the caller's to unload. */
  remove(name: string): void {
    this.#entries.delete(name);
  }

  /** Whether a model is loaded as soon as it is there. */
  loadsAtStart(name: string): boolean {
    const { loadAtStart } = this.#context;
    return loadAtStart === 'all' || (loadAtStart !== 'none' && loadAtStart.includes(name));
  }

  /** Rows of requests that wait for a version to load. */
  waitingRows(model: ServedModel): number {
    return this.#waits.rowsOf(model);
  }

  /** Unloads everything, at once. Idempotent. */
  destroy(): void {
    this.loader.close();
    for (const model of this.#begun) model.destroy();
  }

  #enterPlan({ name, aliases, versions: planned, problem }: EntryPlan): void {
    const starts = this.loadsAtStart(name);
    const state = this.#context.modelControl === 'explicit' ? 'UNAVAILABLE' : 'EVICTED';
    const versions = planned.map((version) => this.begin(version, { state: starts ? 'LOADING' : state }));
    this.replace({ name, form: 'model', versions, aliases, problem, reloadProblem: undefined });
  }
}
