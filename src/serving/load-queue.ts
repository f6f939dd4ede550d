import type { ServedModel } from './served-model.js';

/** How a load is asked for. */
export interface LoadOptions {
  /** Whether anybody still wants it when its turn comes. */
  readonly isWanted?: () => boolean;
  /** Whether others may be evicted for it; if not, it is left to the first request. */
  readonly mayEvict?: boolean;
  /** The version whose place it is to take; that one stays loaded until then. */
  readonly replaces?: ServedModel | undefined;
}

/** A load that was asked for, however often. */
export class Load {
  readonly model: ServedModel;
  readonly replaces: ServedModel | undefined;
  /** Settles when the load went well or not, or was given up. Never rejects. */
  readonly settled: Promise<void>;
  readonly #askers: (() => boolean)[] = [];
  #mayEvict = false;
  #settle: () => void = () => undefined;

  constructor(model: ServedModel, replaces: ServedModel | undefined) {
    this.model = model;
    this.replaces = replaces;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get mayEvict(): boolean {
    return this.#mayEvict;
  }

  get isWanted(): boolean {
    return this.#askers.some((isWanted) => isWanted());
  }

  /** One more asks for it. */
  join({ isWanted = () => true, mayEvict = true }: LoadOptions): void {
    this.#askers.push(isWanted);
    this.#mayEvict ||= mayEvict;
  }

  settle(): void {
    this.#settle();
  }
}

/** Loads in the order in which they were first asked for: a large model is not overtaken for ever by small ones that fit. */
export class LoadQueue {
  readonly #loads: Load[] = [];

  find(model: ServedModel): Load | undefined {
    return this.#loads.find((load) => load.model === model);
  }

  add(load: Load): void {
    this.#loads.push(load);
  }

  /** Takes a load out that is about to begin, or has come to nothing. */
  remove(load: Load): void {
    const at = this.#loads.indexOf(load);
    if (at !== -1) this.#loads.splice(at, 1);
  }

  /**
   * The first one that somebody still wants and that can begin; those before it come to nothing. Undefined also while
   * the first one's model finishes what it was unloaded with.
   */
  next(): Load | undefined {
    for (let first = this.#loads[0]; first !== undefined; first = this.#loads[0]) {
      const { model, isWanted } = first;
      if (isWanted && (model.state === 'LOADING' || model.state === 'EVICTED')) return first;
      if (isWanted && model.state === 'UNLOADING' && model.isEvicted) return undefined;
      if (model.state === 'LOADING') model.postpone('it loads with the first request');
      this.remove(first);
      first.settle();
    }
    return undefined;
  }

  /** All come to nothing. */
  clear(): void {
    for (const load of this.#loads.splice(0)) load.settle();
  }
}
