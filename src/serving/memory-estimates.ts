import type { ServedModel } from './served-model.js';

/** What an instance takes beside the model: a thread with its heap, and the runtime in it. Measured with a model of 19 kB. */
const INSTANCE_BYTES = 9 * 1024 * 1024;

/** What the first load of a process takes beside that, and no model gives back: the runtime's library. Measured likewise. */
const RUNTIME_BYTES = 32 * 1024 * 1024;

/**
 * What each version takes in memory, as far as that can be known from outside: by how much the process grew when the
 * version was loaded, and by how much it shrank when it went. Both are noisy, since others allocate at the same time and
 * the allocator keeps pages for itself; so an estimate is never below what the files of all instances take.
 */
export class MemoryEstimates {
  readonly #measured = new WeakMap<ServedModel, number>();
  readonly #defaultInstances: number;
  #isRuntimeLoaded = false;

  constructor(defaultInstances: number) {
    this.#defaultInstances = defaultInstances;
  }

  /** In bytes; before the first load a guess by the files. */
  of(model: ServedModel): number {
    return this.#measured.get(model) ?? this.#floor(model) + this.#instances(model) * INSTANCE_BYTES;
  }

  /** @param grownBytes by how much the process grew */
  loaded(model: ServedModel, grownBytes: number): void {
    const runtimeBytes = this.#isRuntimeLoaded ? 0 : RUNTIME_BYTES;
    this.#isRuntimeLoaded = true;
    this.#measured.set(model, Math.max(this.#floor(model), grownBytes - runtimeBytes));
  }

  /**
   * Corrects the estimate: growth and shrinkage measure the same thing, and their errors have opposite signs.
   *
   * @param shrunkBytes by how much the process shrank
   */
  unloaded(model: ServedModel, shrunkBytes: number): void {
    this.#measured.set(model, Math.max(this.#floor(model), Math.round((this.of(model) + shrunkBytes) / 2)));
  }

  #floor(model: ServedModel): number {
    return model.source.fileBytes * this.#instances(model);
  }

  #instances({ loaded, config }: ServedModel): number {
    return loaded?.instances.size ?? config.instances.count ?? this.#defaultInstances;
  }
}
