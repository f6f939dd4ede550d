import { MillraceError, toMillraceError } from '../core/errors.js';
import type { ModelEntry, Target } from '../serving/model-entry.js';
import type { ModelManager, ModelQuery } from '../serving/model-manager.js';
import type { ServedModel } from '../serving/served-model.js';
import { errorText } from './request-error.js';

/**
 * Finds the model version that a request is for, be it loaded or not, with Triton's texts where there is none.
 *
 * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
 */
export function findTarget(models: ModelManager, query: ModelQuery): Target {
  try {
    return models.find(query);
  } catch (thrown) {
    throw inTritonsWords(toMillraceError(thrown), query);
  }
}

/**
 * As `findTarget`, for those who must know what the model takes and gives: one that has never been loaded is loaded.
 *
 * @param receivedAt when the request arrived, on the clock; it waits as long as a job would
 * @throws MillraceError also QUEUE_FULL or DEADLINE_EXCEEDED
 */
export async function findKnownTarget(models: ModelManager, query: ModelQuery, receivedAt: number): Promise<Target> {
  const target = findTarget(models, query);
  if (target.model.loaded !== undefined) return target;
  const { timeoutMs } = target.model.limits;
  try {
    return await models.wait(target, query, { timeoutMs, receivedAt, rows: 1, bytes: 0 }).ready;
  } catch (thrown) {
    throw inTritonsWords(toMillraceError(thrown), query);
  }
}

/**
 * Finds a model whatever its state.
 *
 * @throws MillraceError MODEL_NOT_FOUND
 */
export function findEntry(models: ModelManager, name: string): ModelEntry {
  try {
    return models.entry(name);
  } catch (thrown) {
    throw inTritonsWords(toMillraceError(thrown), { name, version: undefined });
  }
}

/** Whether requests are answered: also by a version that the first of them loads. */
export function isReady({ state, isEvicted }: Pick<ServedModel, 'state' | 'isEvicted'>): boolean {
  return state === 'READY' || isEvicted;
}

/** An error about a model as Triton says it; others stay as they are. */
export function inTritonsWords(error: MillraceError, { name, version }: ModelQuery): MillraceError {
  const { code, details } = error;
  const subject = `Request for unknown model: '${name.slice(0, 128)}'`;
  const which = version === undefined ? subject : `${subject} version ${version.slice(0, 128)}`;
  const { didYouMean = [], retryAfterMs } = details;
  switch (code) {
    case 'MODEL_NOT_FOUND': {
      const hint = didYouMean.length === 0 ? '' : `. Did you mean ${didYouMean.join(' or ')}?`;
      return new MillraceError(code, `${subject} is not found${hint}`);
    }
    case 'VERSION_NOT_FOUND':
      return new MillraceError(code, `${which} is not found`);
    case 'MODEL_UNAVAILABLE': {
      const again = retryAfterMs === undefined ? {} : { retryAfterMs };
      return new MillraceError(code, `${which} is not at ready state: ${errorText(error)}`, again);
    }
    default:
      return error;
  }
}
