import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import { findEntry, findTarget, isReady } from './model-lookup.js';
import type { InferenceStatistics } from './statistics.js';
import type { ModelStatistics } from './statistics-schema.js';

interface CountedModels {
  readonly models: ModelManager;
  readonly statistics: InferenceStatistics;
}

/** Of each model version that answers requests, once: jobs for the tensor form of a pipeline count as those of the model. */
export function statisticsOfAll({ models, statistics }: CountedModels): ModelStatistics[] {
  return models.served.filter(isReady).map(({ ref }) => statistics.of(ref));
}

/**
 * Of one version of a model, or of all that answer requests.
 *
 * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND or MODEL_UNAVAILABLE
 */
export function statisticsOfModel({ models, statistics }: CountedModels, query: ModelQuery): ModelStatistics[] {
  const { name, version } = query;
  if (version !== undefined) return [statistics.of(findTarget(models, query).model.ref, name)];
  const ready = findEntry(models, name).versions.filter(isReady);
  return ready.map(({ ref }) => statistics.of(ref, name));
}
