import { MillraceError } from '../core/errors.js';
import { type ModelEntry, newestOf } from './model-entry.js';
import type { ServedModel } from './served-model.js';
import { LATEST, type RouteKey, routedVersion, versionOf } from './version-routing.js';

/**
 * Finds the version of a model that a request is for, be it loaded or not: the one it names, by number or alias, else
 * the one that the weights give it, else the newest.
 *
 * @param version as the request names it; undefined if it names none
 * @throws MillraceError VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
 */
export function lookUpVersion(entry: ModelEntry, version: string | undefined, route: RouteKey): ServedModel {
  if (version !== undefined && version !== LATEST) return usable(versionNamed(entry, version));
  const routed = version === undefined ? routedOf(entry, route) : undefined;
  const model = routed ?? newestOf(entry.versions);
  if (model !== undefined) return usable(model);
  const { name, problem = 'it has no version' } = entry;
  throw new MillraceError('MODEL_UNAVAILABLE', `Model ${name} is unavailable: ${problem}.`);
}

/** The version that the weights give a request; undefined if they give it none that can be used. */
function routedOf({ versions, aliases }: ModelEntry, route: RouteKey): ServedModel | undefined {
  const number = routedVersion(aliases, route);
  return versions.find(({ ref, isUsable }) => ref.version === number && isUsable);
}

/** @throws MillraceError VERSION_NOT_FOUND */
function versionNamed({ name, versions, aliases }: ModelEntry, version: string): ServedModel {
  const number = versionOf(aliases, version) ?? version;
  const found = versions.find(({ ref }) => ref.version === number);
  if (found !== undefined) return found;
  const known = [...versions.map(({ ref }) => ref.version), ...Object.keys(aliases)].join(', ');
  throw new MillraceError('VERSION_NOT_FOUND', `Model ${name} does not serve this version.`, {
    path: 'version',
    expected: known === '' ? 'no version: none is served' : known,
    got: version.slice(0, 128),
  });
}

function usable(model: ServedModel): ServedModel {
  if (!model.isUsable) throw model.unavailable();
  return model;
}
