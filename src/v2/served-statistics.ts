import type { ModelManager } from '../serving/model-manager.js';
import { findEntry, findTarget, type ModelAddress } from './model-lookup.js';
import type { InferenceStatistics } from './statistics.js';
import type { ModelStatistics } from './statistics-schema.js';

interface CountedModels {
  readonly models: ModelManager;
  readonly statistics: InferenceStatistics;
}

/** Of each model version that is READY, once: jobs for the tensor form of a pipeline count as those of the model. */
export function statisticsOfAll({ models, statistics }: CountedModels): ModelStatistics[] {
  return models.served.filter(({ state }) => state === 'READY').map(({ ref }) => statistics.of(ref));
}

/**
 * Of one version of a model, or of all that are READY.
 *
 * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND or MODEL_UNAVAILABLE
 */
export function statisticsOfModel(
  { models, statistics }: CountedModels,
  { name, version }: ModelAddress,
): ModelStatistics[] {
  if (version !== undefined) return [statistics.of(findTarget(models, { name, version }).model.ref, name)];
  const ready = findEntry(models, name).versions.filter(({ state }) => state === 'READY');
  return ready.map(({ ref }) => statistics.of(ref, name));
}
