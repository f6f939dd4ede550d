import { MillraceError } from '../core/errors.js';
import { nearNames } from '../core/near-names.js';
import type { RepositoryModel } from '../repository/model-repository.js';

/** What the name of a model with a pipeline is followed by to mean its tensor form: the same model without the pipeline. */
export const TENSORS_SUFFIX = '.tensors';

/** The name of the model whose tensor form would be called so; undefined for a name that cannot be one. */
export function baseName(name: string): string | undefined {
  return name.endsWith(TENSORS_SUFFIX) ? name.slice(0, -TENSORS_SUFFIX.length) : undefined;
}

/**
 * Picks the models of a repository that somebody names, by their own names or by those of their tensor forms.
 *
 * @throws MillraceError MODEL_NOT_FOUND at the first name that means none
 */
export function selectModels(models: readonly RepositoryModel[], names: readonly string[]): RepositoryModel[] {
  const known = new Set(models.map(({ name }) => name));
  const wanted = new Set<string | undefined>();
  for (const name of names) {
    const base = baseName(name);
    if (!known.has(name) && (base === undefined || !known.has(base))) throw modelNotFound(name, known);
    wanted.add(name).add(base);
  }
  return models.filter(({ name }) => wanted.has(name));
}

/** The error for a name that means no model, with the names that are near. */
export function modelNotFound(name: string, known: Iterable<string>): MillraceError {
  const didYouMean = nearNames(name, known);
  const hint = didYouMean.length === 0 ? '' : ` Did you mean ${didYouMean.join(' or ')}?`;
  return new MillraceError('MODEL_NOT_FOUND', `There is no model of this name.${hint}`, {
    path: 'model',
    expected: 'the name of a model that GET /models lists',
    got: name.slice(0, 128),
    didYouMean,
  });
}
