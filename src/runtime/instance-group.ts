import type { Clock, Timer } from '../core/clock.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { Backend, Instance, InstanceSpec } from './backend.js';
import { decideRestart } from './restart-policy.js';

export interface InstanceGroupOptions {
  readonly ref: ModelRef;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly events: EventSink;
  /** How instance `index` is made. */
  readonly spec: (index: number) => InstanceSpec;
}

/** Whom a group tells about its instances. */
export interface InstanceGroupListener {
  /** An instance became free. */
  onIdle(): void;
  /** The instances keep dying: the group will start no more. */
  onGiveUp(reason: string): void;
}

/**
 * The instances of one model version. It hands out idle ones, and replaces one that dies after a pause that grows
 * with each crash in a row; when they keep dying it gives up.
 */
export class InstanceGroup {
  readonly #options: InstanceGroupOptions;
  readonly #idle: Instance[] = [];
  readonly #live = new Set<Instance>();
  readonly #restarts = new Set<Timer>();
  #prepare: (instance: Instance) => Promise<void> = () => Promise.resolve();
  #listener: InstanceGroupListener = { onIdle: () => undefined, onGiveUp: () => undefined };
  #size = 0;
  #crashesInARow = 0;
  #restartCount = 0;
  #gaveUp: string | undefined;
  #closed = false;
  #released: Promise<void> = Promise.resolve();

  constructor(options: InstanceGroupOptions) {
    this.#options = options;
  }

  /** Instances that the group was told to keep; some of them may just be restarting. */
  get size(): number {
    return this.#size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get live(): number {
    return this.#live.size;
  }

  /** Instances that were started again after a crash, since the group began. */
  get restarts(): number {
    return this.#restartCount;
  }

  /** Settles after `destroy`, when the memory of the instances is free again. Never rejects. */
  get released(): Promise<void> {
    return this.#released;
  }

  /** Whoever listens late is told of a giving up that happened before. */
  listen(listener: InstanceGroupListener): void {
    this.#listener = listener;
    if (this.#gaveUp !== undefined) listener.onGiveUp(this.#gaveUp);
  }

  /** From now on `prepare` is run on every new instance, also one that replaces another, before it is idle. It must not reject. */
  prepareWith(prepare: (instance: Instance) => Promise<void>): void {
    this.#prepare = prepare;
  }

  /**
   * Adds one instance, idle once it has loaded and is prepared.
   *
   * @throws MillraceError MODEL_UNAVAILABLE if it cannot be loaded
   */
  async add(): Promise<Instance> {
    const index = this.#size;
    this.#size += 1;
    return this.#start(index);
  }

  /** An idle instance, which is the caller's until `giveBack`; undefined when all are busy. */
  take(): Instance | undefined {
    return this.#idle.pop();
  }

  /** Hands an instance back. One that ended meanwhile is dropped here; its replacement is under way. */
  giveBack(instance: Instance, ranWell: boolean): void {
    if (!this.#live.has(instance)) return;
    if (ranWell) this.#crashesInARow = 0;
    this.#idle.push(instance);
    this.#listener.onIdle();
  }

  /** Ends all instances, at once. Idempotent. */
  destroy(reason: string): void {
    this.#closed = true;
    for (const timer of this.#restarts) timer.cancel();
    this.#restarts.clear();
    const ending = [...this.#live];
    for (const instance of ending) instance.destroy(reason);
    this.#released = Promise.all([this.#released, ...ending.map(({ released }) => released)]).then(() => undefined);
    this.#live.clear();
    this.#idle.length = 0;
  }

  async #start(index: number): Promise<Instance> {
    const { backend, clock, events, ref, spec } = this.#options;
    const startedAt = clock.now();
    const instance = await backend.start(spec(index));
    if (this.#closed) {
      instance.destroy('the model was unloaded');
      throw new MillraceError('MODEL_UNAVAILABLE', 'The model was unloaded while an instance of it was loading.');
    }
    this.#live.add(instance);
    void instance.ended.then((reason) => this.#onEnd(instance, index, reason));
    events.emit('instanceStarted', {
      ...ref,
      instance: instance.name,
      provider: instance.provider,
      loadMs: clock.now() - startedAt,
    });
    await this.#prepare(instance);
    // It may have died of it; then its replacement is under way.
    if (!this.#live.has(instance)) return instance;
    this.#idle.push(instance);
    this.#listener.onIdle();
    return instance;
  }

  #onEnd(instance: Instance, index: number, reason: string): void {
    if (!this.#live.delete(instance)) return;
    const at = this.#idle.indexOf(instance);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#afterCrash(instance.name, index, reason);
  }

  /** Also for a restart that failed: a model that no longer loads is a crash like any other. */
  #afterCrash(name: string, index: number, reason: string): void {
    if (this.#closed) return;
    const { clock, events, ref } = this.#options;
    this.#crashesInARow += 1;
    const decision = decideRestart(this.#crashesInARow);
    const restartInMs = decision.kind === 'restart' ? decision.inMs : undefined;
    events.emit('instanceCrashed', { ...ref, instance: name, reason, restartInMs });
    if (decision.kind === 'giveUp') {
      this.#gaveUp = `its instances keep dying; the last one: ${reason}`;
      this.#listener.onGiveUp(this.#gaveUp);
      return;
    }
    const timer = clock.after(decision.inMs, () => {
      this.#restarts.delete(timer);
      this.#restartCount += 1;
      this.#start(index).catch((error: unknown) => this.#afterCrash(name, index, reasonOf(error)));
    });
    this.#restarts.add(timer);
  }
}
