import { MillraceError } from '../core/errors.js';
import type { RepositoryModel } from '../repository/model-repository.js';
import { compareVersions, selectVersions } from '../repository/version-policy.js';
import { readModelConfig } from './model-config.js';
import { baseName, modelNotFound, TENSORS_SUFFIX } from './model-names.js';
import type { ServingContext } from './open-model.js';
import { ServedModel } from './served-model.js';

/** Models that load at the same time while the server starts: each takes the processors for itself while it warms up. */
const PARALLEL_LOADS = 2;

/** A model by name: its served versions, oldest first, or why it has none. */
export interface ModelEntry {
  readonly name: string;
  /** Whether the name means the model itself, with its pipeline if it has one, or the tensor form of a pipeline. */
  readonly form: 'model' | 'tensors';
  readonly versions: readonly ServedModel[];
  readonly problem: string | undefined;
}

/** What a request is for. */
export interface Target {
  /** As the request names the model. */
  readonly name: string;
  readonly model: ServedModel;
  readonly form: ModelEntry['form'];
}

/** All models of a server, by name and version. */
export class ModelManager {
  readonly #entries: ReadonlyMap<string, ModelEntry>;
  #settled = false;

  /** @param models what lies in the repository; each is served or has its problem told, none keeps another from being served */
  constructor(models: readonly RepositoryModel[], context: ServingContext) {
    this.#entries = new Map(withoutClashes(models.map((model) => entryFor(model, context))));
    for (const { name: model, versions, problem } of this.#entries.values()) {
      if (versions.length > 0 || problem === undefined) continue;
      context.events.emit('modelStateChanged', {
        model,
        version: '',
        from: undefined,
        to: 'UNAVAILABLE',
        reason: problem,
      });
    }
  }

  /** All models, by name. */
  get entries(): readonly ModelEntry[] {
    return [...this.#entries.values()];
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
   * Whether the server can do what it is there for: every model has left its first LOADING, and one of them is READY
   * or there are none. Later failures change nothing, so that one bad model takes no server out of rotation.
   */
  get ready(): boolean {
    return this.#settled;
  }

  /** Loads every version; settles when each has left LOADING. Never rejects. */
  async loadAll(): Promise<void> {
    const waiting = [...this.served];
    const loader = async () => {
      for (let model = waiting.shift(); model !== undefined; model = waiting.shift()) {
        if (model.state === 'LOADING') await model.load();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_LOADS }, loader));
    this.#settled = this.#entries.size === 0 || this.served.some(({ state }) => state === 'READY');
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
   * Finds the version that a request is for: the one it names, else the newest that is READY.
   *
   * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
   */
  resolve(name: string, version: string | undefined): Target {
    const { versions, problem, form } = this.entry(name);
    if (version !== undefined) {
      const found = versions.find(({ ref }) => ref.version === version);
      if (found !== undefined) return { name, form, model: usable(found) };
      throw new MillraceError('VERSION_NOT_FOUND', `Model ${name} does not serve this version.`, {
        path: 'version',
        expected:
          versions.length === 0 ? 'no version: none is served' : versions.map(({ ref }) => ref.version).join(', '),
        got: version.slice(0, 128),
      });
    }
    const newest = newestOf(versions);
    if (newest !== undefined) return { name, form, model: usable(newest) };
    throw new MillraceError('MODEL_UNAVAILABLE', `Model ${name} is unavailable: ${problem ?? 'it has no version'}.`);
  }

  /** Unloads everything, at once. Idempotent. */
  destroy(): void {
    for (const model of this.served) model.destroy();
  }
}

/** The version that a request without one is for: the newest that is READY, else the newest. */
export function newestOf(versions: readonly ServedModel[]): ServedModel | undefined {
  return versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1);
}

function usable(model: ServedModel): ServedModel {
  if (model.state !== 'READY') throw model.unavailable();
  return model;
}

function hasPipeline({ versions, form }: ModelEntry): boolean {
  return form === 'model' && versions.some(({ config }) => config.pipeline !== undefined);
}

function tensorForm(entry: ModelEntry): ModelEntry {
  return { ...entry, name: entry.name + TENSORS_SUFFIX, form: 'tensors' };
}

/** A model that bears the name of another one's tensor form cannot be told from it. */
function withoutClashes(entries: readonly ModelEntry[]): [string, ModelEntry][] {
  const forms = new Map(entries.filter(hasPipeline).map(({ name }) => [name + TENSORS_SUFFIX, name]));
  return entries.map((entry) => {
    const of = forms.get(entry.name);
    if (of === undefined) return [entry.name, entry];
    const problem = `${of} has a pipeline, and ${entry.name} is the name of its tensor form; give this model another name`;
    return [entry.name, { ...entry, versions: [], problem }];
  });
}

function entryFor(source: RepositoryModel, context: ServingContext): ModelEntry {
  const { name, configFile } = source;
  const form = 'model';
  if (source.problem !== undefined) return { name, form, versions: [], problem: source.problem };
  const result = readModelConfig(configFile, source.config);
  if (!result.ok) return { name, form, versions: [], problem: result.problems.join('; ') };
  const { config } = result;
  const { serve, missing } = selectVersions(
    config.versions,
    source.versions.map(({ version }) => version),
  );
  const versions = [...source.versions]
    .filter(({ version }) => serve.includes(version))
    .sort((a, b) => compareVersions(a.version, b.version))
    .map(({ version, path, files, problem }) => {
      const model = new ServedModel({ ref: { model: name, version }, path, config, files }, context);
      if (problem !== undefined) model.markUnavailable(`${name}/${version}: ${problem}`);
      return model;
    });
  const problem =
    missing.length === 0 ? undefined : `${configFile}: versions: there is no version ${missing.join(', ')}`;
  return { name, form, versions, problem };
}
