import { MillraceError, toMillraceError } from '../core/errors.js';
import type { ModelEntry, ModelManager, Target } from '../serving/model-manager.js';
import { errorText } from './request-error.js';

/** A model as requests name it. */
export interface ModelAddress {
  readonly name: string;
  readonly version: string | undefined;
}

/**
 * Finds the model version that a request is for, with Triton's texts where there is none.
 *
 * @throws MillraceError MODEL_NOT_FOUND, VERSION_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
 */
export function findTarget(models: ModelManager, { name, version }: ModelAddress): Target {
  try {
    return models.resolve(name, version);
  } catch (thrown) {
    throw inTritonsWords(toMillraceError(thrown), { name, version });
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

function inTritonsWords(error: MillraceError, { name, version }: ModelAddress): MillraceError {
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
