import type { ServedModel } from './served-model.js';

const MIB = 1024 * 1024;
/** What an instance takes beside the model: a thread with its heap, and the runtime in it. Measured with a model of 19 kB. */
const THREAD_BYTES = 9 * MIB;
/** The same of an instance that is a process. */
const PROCESS_BYTES = 90 * MIB;

/** What the first load of a process takes beside that, and no model gives back: the runtime's library. Measured likewise. */
const RUNTIME_BYTES = 32 * MIB;

/**
 * What each version takes in memory, as far as that can be known from outside: by how much the process grew when the
 * version was loaded, and by how much it shrank when it went. Both are noisy, since others allocate at the same time and
 * the allocator keeps pages for itself; so an estimate is never below what the files of all instances take. Instances
 * that are processes say themselves what they hold, and that is added.
 */
export class MemoryEstimates {
  /** What each version takes of this process, in bytes. */
  readonly #measured = new WeakMap<ServedModel, number>();
  /** What its instances took when they last said so, where they are processes. */
  readonly #inProcesses = new WeakMap<ServedModel, number>();
  readonly #defaultInstances: number;
  #isRuntimeLoaded = false;

  constructor(defaultInstances: number) {
    this.#defaultInstances = defaultInstances;
  }

  /** In bytes; before the first load a guess by the files. */
  of(model: ServedModel): number {
    const measured = this.#measured.get(model);
    if (measured !== undefined) return measured + this.#processesOf(model);
    const instanceBytes = hasProcesses(model) ? PROCESS_BYTES : THREAD_BYTES;
    return this.#filesOf(model) + this.#instances(model) * instanceBytes;
  }

  /** @param grownBytes by how much this process grew */
  loaded(model: ServedModel, grownBytes: number): void {
    const bringsRuntime = !this.#isRuntimeLoaded && !hasProcesses(model);
    this.#isRuntimeLoaded ||= bringsRuntime;
    this.#measured.set(model, Math.max(this.#floor(model), grownBytes - (bringsRuntime ? RUNTIME_BYTES : 0)));
  }

  /**
   * Corrects the estimate: growth and shrinkage measure the same thing, and their errors have opposite signs.
   *
   * @param shrunkBytes by how much this process shrank
   */
  unloaded(model: ServedModel, shrunkBytes: number): void {
    const before = this.#measured.get(model) ?? 0;
    this.#measured.set(model, Math.max(this.#floor(model), Math.round((before + shrunkBytes) / 2)));
  }

  /** Once they are gone, what they held last is what they would take again. */
  #processesOf(model: ServedModel): number {
    const held = model.loaded?.instances.residentBytes ?? [];
    if (held.length === 0) return this.#inProcesses.get(model) ?? 0;
    const bytes = held.reduce((sum, instance) => sum + instance.bytes, 0);
    this.#inProcesses.set(model, bytes);
    return bytes;
  }

  /** What a version takes of this process, at least. */
  #floor(model: ServedModel): number {
    return hasProcesses(model) ? 0 : this.#filesOf(model);
  }

  #filesOf(model: ServedModel): number {
    return model.source.fileBytes * this.#instances(model);
  }

  #instances({ loaded, config }: ServedModel): number {
    return loaded?.instances.size ?? config.instances.count ?? this.#defaultInstances;
  }
}

function hasProcesses({ config }: ServedModel): boolean {
  return config.instances.isolation === 'process';
}
