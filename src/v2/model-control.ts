import { z } from 'zod';
import { MillraceError } from '../core/errors.js';
import type { ModelState } from '../core/events.js';
import type { ModelEntry, ModelManager } from '../serving/model-manager.js';

const states = ['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'] as const satisfies readonly ModelState[];

/** A model version as the repository index shows it. */
export const indexedModelSchema = z
  .object({
    name: z.string(),
    version: z.string().optional().describe('Missing where a model has none to serve'),
    state: z.enum(states),
    reason: z.string().describe('Why it is not READY; empty if it is'),
  })
  .readonly();

export const repositoryIndexSchema = z.array(indexedModelSchema);

export type IndexedModel = z.output<typeof indexedModelSchema>;

/** What a request to load brings in place of what lies in the repository. */
export interface LoadOverride {
  /** A model configuration as JSON. */
  readonly config: string | undefined;
  /** Files by their path in the model's folder, such as `1/model.onnx`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The repository as the protocol sees it; the composition root supplies it. */
export interface ModelControl {
  index(): readonly IndexedModel[];
  /**
   * Loads a model, or loads it anew; settles when it is READY.
   *
   * @throws MillraceError MODEL_CONTROL_OFF, MODEL_NOT_FOUND, or MODEL_UNAVAILABLE with the reason
   */
  load(name: string, override: LoadOverride): Promise<void>;
  /** @throws MillraceError MODEL_CONTROL_OFF or MODEL_NOT_FOUND */
  unload(name: string): Promise<void>;
}

/** Models that were loaded when the server started, and stay. */
export class FixedModels implements ModelControl {
  readonly #models: ModelManager;

  constructor(models: ModelManager) {
    this.#models = models;
  }

  index(): IndexedModel[] {
    return this.#models.listed.flatMap(indexed);
  }

  load(): Promise<void> {
    return Promise.reject(refusal());
  }

  unload(): Promise<void> {
    return Promise.reject(refusal());
  }
}

function indexed({ name, versions, problem }: ModelEntry): IndexedModel[] {
  if (versions.length === 0) return [{ name, version: undefined, state: 'UNAVAILABLE', reason: problem ?? '' }];
  return versions.map(({ ref, state, reason = '' }) => ({ name, version: ref.version, state, reason }));
}

function refusal(): MillraceError {
  const text = 'explicit model load / unload is not allowed: the model control mode is none';
  return new MillraceError('MODEL_CONTROL_OFF', `${text}; start the server with --model-control explicit to allow it`);
}
