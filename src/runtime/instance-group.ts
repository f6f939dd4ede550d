import type { Clock } from '../core/clock.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { Backend, Instance, InstanceSpec } from './backend.js';
import { type InstanceRole, InstanceRoster, Member } from './instance-roster.js';
import { type InstanceTimeLimits, startWithinLimits } from './limited-start.js';
import { InstanceRecord, type RecycleReason } from './recycle-policy.js';
import { RestartSchedule } from './restart-schedule.js';
import type { RecycleConfig } from './runtime-config.js';
import { TimeLimitedInstance } from './time-limited-instance.js';

export interface InstanceGroupOptions extends InstanceTimeLimits {
  readonly ref: ModelRef;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly events: EventSink;
  /** How instance `index` is made. */
  readonly spec: (index: number) => InstanceSpec;
  readonly recycle?: RecycleConfig;
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
 * with each crash in a row; when they keep dying it gives up. One that is worn is replaced while it works, and goes
 * when its successor is ready.
 */
export class InstanceGroup {
  readonly #options: InstanceGroupOptions;
  readonly #roster = new InstanceRoster();
  readonly #restarts: RestartSchedule;
  readonly #unloaded = new AbortController();
  #prepare: (instance: Instance) => Promise<void> = () => Promise.resolve();
  #listener: InstanceGroupListener = { onIdle: () => undefined, onGiveUp: () => undefined };
  #size = 0;
  #gaveUp: string | undefined;
  /** The instance whose successor is loading: one at a time, for the sake of memory. */
  #worn: Instance | undefined;
  #released: Promise<void> = Promise.resolve();

  constructor(options: InstanceGroupOptions) {
    this.#options = options;
    this.#restarts = new RestartSchedule({
      ...options,
      start: (index) => this.#start(index),
      onGiveUp: (reason) => {
        this.#gaveUp = reason;
        this.#listener.onGiveUp(reason);
      },
    });
  }

  /** Instances that the group was told to keep; some of them may just be restarting. */
  get size(): number {
    return this.#size;
  }

  get idle(): number {
    return this.#roster.idle;
  }

  get live(): number {
    return this.#roster.live;
  }

  /** Instances that were started again after a crash, since the group began. */
  get restarts(): number {
    return this.#restarts.count;
  }

  /** The memory of each instance that has a process of its own. */
  get residentBytes(): { instance: string; bytes: number }[] {
    return this.#roster.instances.flatMap(({ name, residentBytes }) =>
      residentBytes === undefined ? [] : [{ instance: name, bytes: residentBytes }],
    );
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
    return this.#roster.takeIdle();
  }

  /** Hands an instance back. One that ended meanwhile is dropped here; its replacement is under way. */
  giveBack(instance: Instance, ranWell: boolean): void {
    const member = this.#roster.find(instance);
    if (member === undefined) return;
    if (ranWell) this.#restarts.ranWell();
    if (member.role === 'retired') {
      this.#retire(instance);
      return;
    }
    this.#roster.setIdle(instance);
    this.#listener.onIdle();
    member.record.note(!ranWell, instance.residentBytes);
    const reason = member.record.reasonToRecycle(this.#options.recycle ?? {});
    if (reason !== undefined && this.#worn === undefined) void this.#recycle(instance, member, reason);
  }

  /** Ends all instances, at once. Idempotent. */
  destroy(reason: string): void {
    this.#unloaded.abort(unloadedWhileLoading());
    this.#restarts.cancel();
    const ending = this.#roster.clear();
    for (const instance of ending) instance.destroy(reason);
    this.#released = Promise.all([this.#released, ...ending.map(({ released }) => released)]).then(() => undefined);
  }

  get #closed(): boolean {
    return this.#unloaded.signal.aborted;
  }

  async #start(index: number, role: InstanceRole = 'starting'): Promise<Instance> {
    const { backend, clock, events, ref } = this.#options;
    const startedAt = clock.now();
    const spec = this.#options.spec(index);
    const said = (text: string) => events.emit('instanceSpoke', { ...ref, instance: spec.name, text });
    const instance = await startWithinLimits(backend, spec, { ...this.#options, signal: this.#unloaded.signal, said });
    if (this.#closed) {
      instance.destroy('the model was unloaded');
      throw unloadedWhileLoading();
    }
    const member = new Member(index, role);
    this.#roster.admit(instance, member);
    void instance.ended.then((reason) => this.#onEnd(instance, reason));
    const loadMs = clock.now() - startedAt;
    events.emit('instanceStarted', { ...ref, instance: instance.name, provider: instance.provider, loadMs });
    await this.#prepare(instance);
    // It may have died of it; then its replacement is under way.
    if (this.#roster.find(instance) === undefined) return instance;
    member.role = 'ready';
    this.#roster.setIdle(instance);
    this.#listener.onIdle();
    return instance;
  }

  /** Makes a successor, and only then ends the worn instance: at once if it is idle, else when it comes back. */
  async #recycle(instance: Instance, member: Member, reason: RecycleReason): Promise<void> {
    const { events, ref } = this.#options;
    this.#worn = instance;
    const failure = await this.#start(member.index, 'candidate').then(
      (successor) => (this.#roster.find(successor) === undefined ? 'it ended while it was warmed up' : undefined),
      reasonOf,
    );
    this.#worn = undefined;
    if (this.#closed) return;
    if (failure === undefined) {
      events.emit('instanceRecycled', { ...ref, instance: instance.name, reason });
      member.role = 'retired';
      if (this.#roster.isIdle(instance)) this.#retire(instance);
      return;
    }
    if (this.#roster.find(instance) !== undefined) {
      events.emit('modelNotice', { ...ref, notice: `${instance.name} could not be replaced: ${failure}` });
      // It is tried again after as much wear as before.
      member.record = new InstanceRecord();
    } else {
      this.#restarts.crashed({ name: instance.name, index: member.index, reason: failure, cause: 'load' }, true);
    }
  }

  #retire(instance: Instance): void {
    this.#roster.remove(instance);
    instance.destroy('it was replaced');
  }

  #onEnd(instance: Instance, reason: string): void {
    const member = this.#roster.remove(instance);
    // A successor that is loading takes the place of a worn one, and nothing is lost with a candidate.
    if (member === undefined || member.role === 'candidate' || member.role === 'retired') return;
    const { index, role } = member;
    const cause = instance instanceof TimeLimitedInstance && instance.timedOut ? 'timeout' : 'crash';
    if (instance === this.#worn) {
      const { events, ref } = this.#options;
      events.emit('instanceCrashed', { ...ref, instance: instance.name, reason, cause, restartInMs: 0 });
      return;
    }
    const isContained = role === 'ready' && this.#options.spec(index).isolation === 'process';
    this.#restarts.crashed({ name: instance.name, index, reason, cause }, !isContained);
  }
}

function unloadedWhileLoading(): MillraceError {
  return new MillraceError('MODEL_UNAVAILABLE', 'The model was unloaded while an instance of it was loading.');
}
