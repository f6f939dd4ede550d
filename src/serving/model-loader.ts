import type { Clock, Timer } from '../core/clock.js';
import type { EventSink, UnloadCause } from '../core/events.js';
import { decideEviction, decideExpiry, type Resident } from './eviction-policy.js';
import { Load, type LoadOptions, LoadQueue } from './load-queue.js';
import type { MemoryLimits } from './memory-config.js';
import { MemoryEstimates } from './memory-estimates.js';
import type { ServedModel } from './served-model.js';

export interface LoaderOptions {
  readonly clock: Clock;
  readonly events: EventSink;
  readonly memory: MemoryLimits;
  readonly defaultInstances: number;
}

interface Residency {
  readonly loadedAt: number;
  cause: UnloadCause;
}

interface ResidentModel extends Resident {
  readonly model: ServedModel;
}

/**
 * Loads and unloads versions within the memory budget (invariant I7): one load at a time, so that what each takes can
 * be measured; a version that is asked for many times loads once; and those that were used longest ago make room.
 */
export class ModelLoader {
  readonly #options: LoaderOptions;
  readonly #estimates: MemoryEstimates;
  readonly #queue = new LoadQueue();
  readonly #residencies = new Map<ServedModel, Residency>();
  #loading: Load | undefined;
  /** From the end of a load until those who waited for it have had their turn: before that nothing may be evicted. */
  #isHandingOver = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#estimates = new MemoryEstimates(options.defaultInstances);
  }

  get budgetBytes(): number {
    return this.#options.memory.budgetBytes;
  }

  /** What a version takes or would take, in bytes. */
  bytesOf(model: ServedModel): number {
    return this.#estimates.of(model);
  }

  /** Loads a version when its turn comes and there is room. Settles when that went well or not, which is its state; never rejects. */
  load(model: ServedModel, options: LoadOptions = {}): Promise<void> {
    const known = this.#loading?.model === model ? this.#loading : this.#queue.find(model);
    const load = known ?? new Load(model, options.replaces);
    load.join(options);
    if (known === undefined) {
      this.#queue.add(load);
      this.wake();
    }
    return load.settled;
  }

  /** Unloads a version, once it has finished what it accepted. Settles when its memory is free; never rejects. */
  async unload(
    model: ServedModel,
    { to, reason, cause }: { to: 'EVICTED' | 'UNAVAILABLE'; reason: string; cause: UnloadCause },
  ): Promise<void> {
    this.#begin(model, cause);
    await (cause === 'replaced' ? model.retire(reason) : model.unload(to, reason));
    this.wake();
  }

  /** Something changed: somebody no longer waits, memory is free. */
  wake(): void {
    if (!this.#isClosed && !this.#isHandingOver && this.#loading === undefined) this.#pump();
  }

  /** Loads nothing more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#queue.clear();
  }

  #pump(): void {
    this.#timer?.cancel();
    const { clock, memory } = this.#options;
    const { expired, nextAt } = decideExpiry(clock.now(), this.#residents());
    for (const { model } of expired) this.#evict(model, 'expired', 'it was not used for long; it loads on request');
    let lookAt = nextAt;
    for (;;) {
      const next = this.#queue.next();
      const neededBytes = next === undefined ? 0 : this.#estimates.of(next.model);
      const { budgetBytes, minResidencyMs } = memory;
      const residents = this.#residents(next?.replaces);
      const decision = decideEviction({ now: clock.now(), budgetBytes, neededBytes, residents, minResidencyMs });
      if (next !== undefined && decision.kind === 'fits') return void this.#load(next);
      if (next !== undefined && (decision.kind === 'never' || !next.mayEvict)) {
        if (decision.kind === 'never') next.model.markUnavailable(this.#tooLarge(neededBytes, decision.availableBytes));
        else next.model.postpone('it loads with the first request: others fill the memory budget');
        this.#queue.remove(next);
        next.settle();
        continue;
      }
      if (decision.kind === 'evict') {
        for (const { model } of decision.victims)
          this.#evict(model, 'evicted', 'others needed its memory; it loads on request');
      }
      if (decision.kind === 'wait') lookAt = Math.min(lookAt, decision.until ?? lookAt);
      break;
    }
    if (lookAt === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.after(Math.min(Math.max(0, lookAt - clock.now()), 2 ** 31 - 1), () => this.wake());
  }

  async #load(load: Load): Promise<void> {
    const { clock, events, memory } = this.#options;
    const { model, replaces } = load;
    const isReload = replaces !== undefined;
    this.#queue.remove(load);
    this.#loading = load;
    const [startedAt, bytesBefore] = [clock.now(), memory.residentBytes()];
    await model.load();
    if (model.state === 'READY') {
      this.#estimates.loaded(model, memory.residentBytes() - bytesBefore);
      const residency: Residency = { loadedAt: clock.now(), cause: 'failed' };
      this.#residencies.set(model, residency);
      void this.#watch(model, residency);
      const memoryBytes = this.#estimates.of(model);
      events.emit('modelLoaded', { ...model.ref, durationMs: clock.now() - startedAt, memoryBytes, isReload });
      if (memoryBytes > memory.budgetBytes) model.markUnavailable(this.#tooLarge(memoryBytes, memory.budgetBytes));
    } else {
      events.emit('modelLoadFailed', { ...model.ref, reason: model.reason ?? 'it was unloaded', isReload });
    }
    this.#loading = undefined;
    this.#isHandingOver = true;
    load.settle();
    clock.endOfTurn(() => {
      this.#isHandingOver = false;
      this.wake();
    });
  }

  /** Sees a loaded version to its end, whoever brings that about. */
  async #watch(model: ServedModel, residency: Residency): Promise<void> {
    const { clock, events, memory } = this.#options;
    await model.over;
    const bytesBefore = memory.residentBytes();
    await model.whenReleased();
    if (this.#isClosed) return;
    const { loadedAt, cause } = residency;
    const memoryBytes = this.#estimates.of(model);
    this.#estimates.unloaded(model, bytesBefore - memory.residentBytes());
    if (this.#residencies.get(model) === residency) this.#residencies.delete(model);
    events.emit('modelUnloaded', { ...model.ref, cause, memoryBytes, residentMs: clock.now() - loadedAt });
    this.wake();
  }

  #evict(model: ServedModel, cause: 'evicted' | 'expired', reason: string): void {
    void this.unload(model, { to: 'EVICTED', reason, cause });
  }

  #begin(model: ServedModel, cause: UnloadCause): void {
    const residency = this.#residencies.get(model);
    if (residency !== undefined) residency.cause = cause;
  }

  #residents(staying?: ServedModel): ResidentModel[] {
    return [...this.#residencies].map(([model, { loadedAt }]) => {
      const { pin, ttl_ms: ttlMs = this.#options.memory.ttlMs } = model.config.memory;
      return {
        model,
        bytes: this.#estimates.of(model),
        loadedAt,
        lastUsedAt: Math.max(loadedAt, model.usage.lastUsedAt),
        isPinned: pin || model === staying,
        isLeaving: model.state !== 'READY',
        ttlMs,
      };
    });
  }

  #tooLarge(neededBytes: number, availableBytes: number): string {
    const [needed, available, budget] = [neededBytes, availableBytes, this.budgetBytes].map(mebibytes);
    return `it takes about ${needed}, and the memory budget of ${budget} leaves ${available}`;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(Math.max(0, bytes) / 2 ** 20)} MiB`;
}
