import type { AbortSource } from '../core/abort.js';
import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import type { ModelRef, ModelState } from '../core/events.js';
import { PipelineError } from '../pipelines/pipeline-error.js';
import { BatchingConfigError } from './bucket-plan.js';
import { inferItem, inferItems } from './infer-item.js';
import type { ModelConfig } from './model-config.js';
import type { ModelInput, ModelResult } from './model-input.js';
import { type Beginning, ModelStatus } from './model-status.js';
import { ModelUsage } from './model-usage.js';
import {
  type LoadedModel,
  limitsOf,
  type ModelLimits,
  type ModelSource,
  openModel,
  type ServingContext,
} from './open-model.js';
import { Opening } from './opening.js';

/**
 * One version of a model as it lies in the folder: its instances, its batcher, and the state they are in. It can be
 * evicted and loaded again; when its files change another takes its place, since jobs are read for one signature.
 */
export class ServedModel {
  readonly ref: ModelRef;
  readonly config: ModelConfig;
  readonly limits: ModelLimits;
  readonly source: ModelSource;
  readonly usage: ModelUsage;
  readonly #context: ServingContext;
  readonly #status: ModelStatus;
  #loaded: LoadedModel | undefined;
  #opening: Opening | undefined;
  /** Where an unloading leads. */
  #unloadsTo: 'EVICTED' | 'UNAVAILABLE' = 'UNAVAILABLE';
  #warmUp: { readonly done: number; readonly total: number } | undefined;

  constructor(source: ModelSource, context: ServingContext, beginning: Beginning = {}) {
    this.ref = source.ref;
    this.config = source.config;
    this.source = source;
    this.usage = new ModelUsage(context.clock);
    this.#context = context;
    this.limits = limitsOf(source.config, context.limits);
    this.#status = new ModelStatus(source.ref, context.events, beginning);
  }

  get state(): ModelState {
    return this.#status.state;
  }

  /** Why the model is not READY, in words that may be shown to clients. */
  get reason(): string | undefined {
    return this.#status.reason;
  }

  /** How far the warm-up is, while the model is LOADING and has come to it. */
  get warmUp(): { readonly done: number; readonly total: number } | undefined {
    return this.state === 'LOADING' ? this.#warmUp : undefined;
  }

  /** What is known of the model since it loaded; also while it is no longer READY. */
  get loaded(): LoadedModel | undefined {
    return this.#loaded;
  }

  /** Whether a request for it can be answered, at once or after a load. */
  get isUsable(): boolean {
    return this.state === 'READY' || this.state === 'LOADING' || this.isEvicted;
  }

  /** Whether it was evicted, or is about to be. */
  get isEvicted(): boolean {
    return this.state === 'EVICTED' || (this.state === 'UNLOADING' && this.#unloadsTo === 'EVICTED');
  }

  /** Whether it holds memory: it serves, or finishes what it has accepted. */
  get isResident(): boolean {
    return this.#opening !== undefined && !this.#opening.isOver;
  }

  /**
   * Rows that may be on their way through the model at once: enough for each instance to find its next batch
   * waiting when it is done with one, and those whose steps are running. What is beyond waits in the queue, where
   * order and cancelling are cheap.
   */
  get concurrency(): number {
    if (this.#loaded === undefined) return 1;
    const { instances, plan, pipeline } = this.#loaded;
    return 2 * instances.size * plan.maxBatchSize + (pipeline === undefined ? 0 : this.#context.stepSlots);
  }

  /** Loads, probes and warms up, within the time for it. The outcome is the state: this never rejects. */
  async load(): Promise<void> {
    if (this.state !== 'LOADING') this.#status.enter('LOADING', undefined);
    const opening = new Opening(this.#context.clock);
    this.#opening = opening;
    const { loadTimeoutMs } = this.limits;
    const timer = this.#context.clock.after(loadTimeoutMs, () => {
      this.markUnavailable(`it was not loaded, probed and warmed up within ${loadTimeoutMs} ms`);
    });
    await Promise.race([this.#openAndEnter(opening), opening.over]).finally(() => timer.cancel());
  }

  /** Settles when what the last load has started is over. Never rejects. */
  get over(): Promise<void> {
    return this.#opening?.over ?? Promise.resolve();
  }

  /** As `over`, when its memory is free, too. */
  async whenReleased(): Promise<void> {
    const opening = this.#opening;
    await opening?.over;
    await opening?.whenReleased();
  }

  /**
   * Runs tensors that fit the signature, or sees an item through the pipeline; batched with others either way.
   *
   * @throws MillraceError MODEL_UNAVAILABLE if the model is not loaded, else what the pipeline and the batcher give
   */
  infer(input: ModelInput, signal: AbortSource): Promise<ModelResult> {
    const loaded = this.#loaded;
    // While it is unloading it finishes what it has accepted.
    const serves = this.state === 'READY' || this.state === 'UNLOADING';
    if (!serves || loaded === undefined) return Promise.reject(this.unavailable());
    if ('inputs' in input) return loaded.batcher.submit(input, signal);
    const { pipeline, batcher, plan } = loaded;
    if (pipeline === undefined) return Promise.reject(new Error('an item came for a model without a pipeline'));
    const around = { pipeline, batcher, plan };
    const how = { signal, clock: this.#context.clock, budget: this.#context.turnBudget };
    return 'items' in input ? inferItems(around, input.items, how) : inferItem(around, input, how);
  }

  /** The error that a request gets while the model is not READY. */
  unavailable(): MillraceError {
    const { model, version } = this.ref;
    const name = `Model ${model}, version ${version},`;
    if (this.state === 'LOADING')
      return new MillraceError('MODEL_UNAVAILABLE', `${name} is loading.`, { retryAfterMs: 1000 });
    if (this.isEvicted) return new MillraceError('MODEL_UNAVAILABLE', `${name} is not loaded.`, { retryAfterMs: 1000 });
    return new MillraceError('MODEL_UNAVAILABLE', `${name} is unavailable: ${this.reason ?? 'it was unloaded'}.`);
  }

  /**
   * Takes the model out of service once it has finished what it accepted, or the time for that is over. Settles when
   * its memory is free. Never rejects.
   *
   * @param to EVICTED if the next request may load it again
   */
  async unload(to: 'EVICTED' | 'UNAVAILABLE', reason: string): Promise<void> {
    this.#unloadsTo = to;
    if (!this.#status.mayBecome('UNLOADING')) {
      if (this.state === 'EVICTED' && to === 'UNAVAILABLE') this.markUnavailable(reason);
      return;
    }
    this.#status.enter('UNLOADING', undefined);
    await this.usage.whenIdle(this.limits.drainTimeoutMs);
    const opening = this.#opening;
    this.#end(reason);
    await opening?.whenReleased();
    if (this.state === 'UNLOADING') this.#status.enter(this.#unloadsTo, reason);
  }

  /** Is not loaded after all: the next request will do that. */
  postpone(reason: string): void {
    this.#status.enter('EVICTED', reason);
  }

  /** Takes the place of another: from now on it is seen. */
  show(): void {
    this.#status.isHidden = false;
  }

  /** Another takes its place, or it is no longer in the folder: it finishes what it has accepted, unseen. */
  async retire(reason: string): Promise<void> {
    this.#status.isHidden = true;
    this.usage.end();
    await this.unload('UNAVAILABLE', reason);
  }

  /** Takes the model out of service at once; what waits for it fails, its instances end. */
  markUnavailable(reason: string): void {
    if (!this.#status.mayBecome('UNAVAILABLE')) return;
    this.#status.enter('UNAVAILABLE', reason);
    this.#end(reason);
  }

  /** Unloads the model, at once and for good. Idempotent. */
  destroy(): void {
    if (this.usage.isOver && !this.isResident) return;
    this.usage.end();
    if (this.#status.mayBecome('UNLOADING')) this.#status.enter('UNLOADING', undefined);
    this.markUnavailable('it was unloaded');
  }

  async #openAndEnter(opening: Opening): Promise<void> {
    try {
      const loaded = await this.#open(opening);
      if (opening.isOver) return;
      this.#loaded = loaded;
      this.#status.enter('READY', undefined);
    } catch (error) {
      const isConfig = error instanceof BatchingConfigError || error instanceof PipelineError;
      const place = isConfig ? `${this.ref.model}/model.yaml: ` : '';
      if (!opening.isOver) this.markUnavailable(withoutPaths(place + reasonOf(error)));
    }
  }

  #open(opening: Opening): Promise<LoadedModel> {
    return openModel({ ...this.source, limits: this.limits }, this.#context, {
      notice: (notice) => this.#context.events.emit('modelNotice', { ...this.ref, notice }),
      begun: (group) => opening.begun(group),
      compiled: (pipeline) => opening.compiled(pipeline),
      gaveUp: (reason) => {
        if (!opening.isOver) this.markUnavailable(withoutPaths(reason));
      },
      warmedUp: (done, total) => {
        this.#warmUp = { done, total };
      },
    });
  }

  /** What the last load has started ends. */
  #end(reason: string): void {
    this.#opening?.end(reason);
    this.#loaded?.batcher.destroy(this.unavailable());
  }
}
