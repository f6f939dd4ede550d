import { isDeepStrictEqual } from 'node:util';
import type { RepositoryModel, RepositoryVersion } from '../repository/model-repository.js';
import { compareVersions, selectVersions } from '../repository/version-policy.js';
import { type ModelConfig, readModelConfig } from './model-config.js';
import { baseName, TENSORS_SUFFIX } from './model-names.js';
import type { ModelSource } from './open-model.js';
import type { ServedModel } from './served-model.js';
import type { Aliases } from './version-routing.js';

/** A model by name: its served versions, oldest first, or why it has none. */
export interface ModelEntry {
  readonly name: string;
  /** Whether the name means the model itself, with its pipeline if it has one, or the tensor form of a pipeline. */
  readonly form: 'model' | 'tensors';
  readonly versions: readonly ServedModel[];
  readonly aliases: Aliases;
  readonly problem: string | undefined;
  /** Why what is served is not what lies in the folder: the last reload failed. */
  readonly reloadProblem: string | undefined;
}

/** What a request is for. */
export interface Target {
  /** As the request names the model. */
  readonly name: string;
  readonly model: ServedModel;
  readonly form: ModelEntry['form'];
}

/** What is to be served of a model as it lies in the folder, or what is wrong with it. */
export interface EntryPlan {
  readonly name: string;
  readonly aliases: Aliases;
  /** Oldest first. */
  readonly versions: readonly PlannedVersion[];
  readonly problem: string | undefined;
}

export interface PlannedVersion {
  readonly source: ModelSource;
  /** Why it cannot be served. */
  readonly problem: string | undefined;
}

/** Which versions of a model are to be served, by its model.yaml: those of the policy, and those with an alias. */
export function planEntry({ name, configFile, config: document, ...found }: RepositoryModel): EntryPlan {
  const refused = (problem: string): EntryPlan => ({ name, aliases: {}, versions: [], problem });
  if (found.problem !== undefined) return refused(found.problem);
  const result = readModelConfig(configFile, document);
  if (!result.ok) return refused(result.problems.join('; '));
  const { config } = result;
  const present = found.versions.map(({ version }) => version);
  const { serve, missing } = selectVersions(config.versions, present);
  const aliased = Object.entries(config.aliases);
  const wanted = new Set([...serve, ...aliased.map(([, { version }]) => version)]);
  const problems = missing.length === 0 ? [] : [`versions: there is no version ${missing.join(', ')}`];
  for (const [alias, { version }] of aliased) {
    if (!present.includes(version)) problems.push(`aliases.${alias}: there is no version ${version}`);
  }
  return {
    name,
    aliases: config.aliases,
    versions: found.versions
      .filter(({ version }) => wanted.has(version))
      .sort((a, b) => compareVersions(a.version, b.version))
      .map((version) => plannedVersion(name, version, config)),
    problem: problems.length === 0 ? undefined : problems.map((text) => `${configFile}: ${text}`).join('; '),
  };
}

function plannedVersion(model: string, { version, problem, ...found }: RepositoryVersion, config: ModelConfig) {
  const { path, files, bytes, stamp } = found;
  const source: ModelSource = { ref: { model, version }, path, config, files, fileBytes: bytes, stamp };
  return { source, problem: problem === undefined ? undefined : `${model}/${version}: ${problem}` };
}

/** Whether a version that is served is what lies in the folder. Which versions there are beside it changes nothing for it. */
export function isUnchanged(served: ModelSource, found: ModelSource): boolean {
  const own = ({ config }: ModelSource) => ({ ...config, versions: undefined, aliases: undefined });
  return served.stamp === found.stamp && isDeepStrictEqual(own(served), own(found));
}

/** The version that a request without one is for: the newest that is READY or loads on request, else the newest. */
export function newestOf(versions: readonly ServedModel[]): ServedModel | undefined {
  return (
    versions.findLast((model) => model.state === 'READY' || model.isEvicted) ??
    versions.findLast((model) => model.isUsable) ??
    versions.at(-1)
  );
}

export function hasPipeline({ versions, form }: ModelEntry): boolean {
  return form === 'model' && versions.some(({ config }) => config.pipeline !== undefined);
}

/** The same model by the name of its tensor form. */
export function tensorForm(entry: ModelEntry): ModelEntry {
  return { ...entry, name: entry.name + TENSORS_SUFFIX, form: 'tensors' };
}

/** Why a model can't bear its name: it is that of another one's tensor form. */
export function clashOf(
  name: string,
  find: (name: string) => { versions: readonly Pick<PlannedVersion, 'source'>[] } | undefined,
): string | undefined {
  const of = baseName(name);
  const base = of === undefined ? undefined : find(of);
  if (base === undefined || !base.versions.some(({ source }) => source.config.pipeline !== undefined)) return undefined;
  return `${of} has a pipeline, and ${name} is the name of its tensor form; give this model another name`;
}
