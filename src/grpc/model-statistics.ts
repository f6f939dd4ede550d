import { MillraceError } from '../core/errors.js';
import type { ModelManager } from '../serving/model-manager.js';
import { findEntry, type ModelAddress } from '../v2/model-lookup.js';
import type { InferenceStatistics, ModelStatistics } from '../v2/statistics.js';

/**
 * The statistics of a model version, of all versions of a model, or, without a name, of all models.
 *
 * @throws MillraceError MODEL_NOT_FOUND or VERSION_NOT_FOUND, in Triton's words
 */
export function statisticsOf(
  { models, statistics }: { models: ModelManager; statistics: InferenceStatistics },
  { name, version }: ModelAddress,
): ModelStatistics[] {
  const entries = name === '' ? models.listed : [findEntry(models, name)];
  const found = entries.flatMap((entry) => {
    const versions = entry.versions.filter(({ ref }) => version === undefined || ref.version === version);
    return versions.map(({ ref }) => statistics.of(ref, entry.name));
  });
  if (found.length > 0 || version === undefined) return found;
  const text = `requested model version is not available for model '${name}'`;
  throw new MillraceError('VERSION_NOT_FOUND', text, { path: 'version', got: version.slice(0, 128) });
}
