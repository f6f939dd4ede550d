import { MillraceError } from '../core/errors.js';
import { nearNames } from '../core/near-names.js';
import type { RepositoryModel } from '../repository/model-repository.js';
import { compareVersions, selectVersions } from '../repository/version-policy.js';
import { readModelConfig } from './model-config.js';
import type { ServingContext } from './open-model.js';
import { ServedModel } from './served-model.js';

/** Models that load at the same time while the server starts: each takes the processors for itself while it warms up. */
const PARALLEL_LOADS = 2;

/** A model by name: its served versions, oldest first, or why it has none. */
export interface ModelEntry {
  readonly name: string;
  readonly versions: readonly ServedModel[];
  readonly problem: string | undefined;
}

/** All models of a server, by name and version. */
export class ModelManager {
  readonly #entries: ReadonlyMap<string, ModelEntry>;
  #settled = false;

  /** @param models what lies in the repository; each is served or has its problem told, none keeps another from being served */
  constructor(models: readonly RepositoryModel[], context: ServingContext) {
    this.#entries = new Map(models.map((model) => [model.name, entryFor(model, context)]));
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
    const didYouMean = nearNames(name, this.#entries.keys());
    const hint = didYouMean.length === 0 ? '' : ` Did you mean ${didYouMean.join(' or ')}?`;
    throw new MillraceError('MODEL_NOT_FOUND', `There is no model of this name.${hint}`, {
      path: 'model',
      expected: 'the name of a model that GET /models lists',
      got: name.slice(0, 128),
      didYouMean,
    });
  }

  /**
   * Finds the version that a request is for: the one it names, else the newest that is READY.
   *
   * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
   */
  resolve(name: string, version: string | undefined): ServedModel {
    const { versions, problem } = this.entry(name);
    if (version !== undefined) {
      const found = versions.find(({ ref }) => ref.version === version);
      if (found !== undefined) return usable(found);
      throw new MillraceError('VERSION_NOT_FOUND', `Model ${name} does not serve this version.`, {
        path: 'version',
        expected:
          versions.length === 0 ? 'no version: none is served' : versions.map(({ ref }) => ref.version).join(', '),
        got: version.slice(0, 128),
      });
    }
    const newest = newestOf(versions);
    if (newest !== undefined) return usable(newest);
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

function entryFor(source: RepositoryModel, context: ServingContext): ModelEntry {
  const { name, configFile } = source;
  if (source.problem !== undefined) return { name, versions: [], problem: source.problem };
  const result = readModelConfig(configFile, source.config);
  if (!result.ok) return { name, versions: [], problem: result.problems.join('; ') };
  const { config } = result;
  const { serve, missing } = selectVersions(
    config.versions,
    source.versions.map(({ version }) => version),
  );
  const versions = [...source.versions]
    .filter(({ version }) => serve.includes(version))
    .sort((a, b) => compareVersions(a.version, b.version))
    .map(({ version, path, problem }) => {
      const model = new ServedModel({ ref: { model: name, version }, path, config }, context);
      if (problem !== undefined) model.markUnavailable(`${name}/${version}: ${problem}`);
      return model;
    });
  const problem =
    missing.length === 0 ? undefined : `${configFile}: versions: there is no version ${missing.join(', ')}`;
  return { name, versions, problem };
}
