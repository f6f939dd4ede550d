import type { AbortSource } from '../core/abort.js';
import { MillraceError, reasonOf, withoutPaths } from '../core/errors.js';
import type { ModelRef, ModelState } from '../core/events.js';
import { PipelineError } from '../pipelines/pipeline-error.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import type { InstanceGroup } from '../runtime/instance-group.js';
import { BatchingConfigError } from './bucket-plan.js';
import { inferItem, inferItems } from './infer-item.js';
import type { ModelConfig } from './model-config.js';
import type { ModelInput, ModelResult } from './model-input.js';
import { mayBecome } from './model-state.js';
import { type LoadedModel, type ModelLimits, type ModelSource, openModel, type ServingContext } from './open-model.js';

/** One version of a model: its instances, its batcher, and the state they are in. */
export class ServedModel {
  readonly ref: ModelRef;
  readonly config: ModelConfig;
  readonly limits: ModelLimits;
  readonly #source: ModelSource;
  readonly #context: ServingContext;
  #state: ModelState = 'LOADING';
  #reason: string | undefined;
  #loaded: LoadedModel | undefined;
  #group: InstanceGroup | undefined;
  #pipeline: RunningPipeline | undefined;
  #warmUp: { readonly done: number; readonly total: number } | undefined;
  #isUnloaded = false;

  constructor(source: ModelSource, context: ServingContext) {
    this.ref = source.ref;
    this.config = source.config;
    this.#source = source;
    this.#context = context;
    const { limits } = source.config;
    this.limits = {
      queueRows: limits.queue_rows ?? context.limits.queueRows,
      queueBytes: limits.queue_bytes ?? context.limits.queueBytes,
      timeoutMs: limits.timeout_ms ?? context.limits.timeoutMs,
      loadTimeoutMs: limits.load_timeout_ms ?? context.limits.loadTimeoutMs,
      executionTimeoutMs: limits.execution_timeout_ms ?? context.limits.executionTimeoutMs,
      maxRows: limits.max_rows ?? context.limits.maxRows,
      queueTimeoutMs: limits.queue_timeout_ms ?? context.limits.queueTimeoutMs,
    };
    context.events.emit('modelStateChanged', { ...this.ref, from: undefined, to: 'LOADING', reason: undefined });
  }

  get state(): ModelState {
    return this.#state;
  }

  /** Why the model is UNAVAILABLE, in words that may be shown to clients. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How far the warm-up is, while the model is LOADING and has come to it. */
  get warmUp(): { readonly done: number; readonly total: number } | undefined {
    return this.#state === 'LOADING' ? this.#warmUp : undefined;
  }

  /** What is known of the model since it loaded; also while it is no longer READY. */
  get loaded(): LoadedModel | undefined {
    return this.#loaded;
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
    const { loadTimeoutMs } = this.limits;
    let stopWaiting: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      stopWaiting = resolve;
    });
    const timer = this.#context.clock.after(loadTimeoutMs, () => {
      if (this.#state === 'LOADING') {
        this.markUnavailable(`it was not loaded, probed and warmed up within ${loadTimeoutMs} ms`);
      }
      stopWaiting();
    });
    await Promise.race([this.#openAndEnter(), late]).finally(() => timer.cancel());
  }

  /**
   * Runs tensors that fit the signature, or sees an item through the pipeline; batched with others either way.
   *
   * @throws MillraceError MODEL_UNAVAILABLE if the model is not READY, else what the pipeline and the batcher give
   */
  infer(input: ModelInput, signal: AbortSource): Promise<ModelResult> {
    const loaded = this.#loaded;
    if (this.#state !== 'READY' || loaded === undefined) return Promise.reject(this.unavailable());
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
    if (this.#state === 'LOADING')
      return new MillraceError('MODEL_UNAVAILABLE', `${name} is loading.`, { retryAfterMs: 1000 });
    return new MillraceError('MODEL_UNAVAILABLE', `${name} is unavailable: ${this.#reason ?? 'it was unloaded'}.`);
  }

  /** Takes the model out of service for good; what waits for it fails, its instances end. */
  markUnavailable(reason: string): void {
    if (!mayBecome(this.#state, 'UNAVAILABLE')) return;
    this.#enter('UNAVAILABLE', reason);
    this.#group?.destroy(reason);
    this.#loaded?.batcher.destroy(this.unavailable());
    this.#pipeline?.close();
  }

  /** Unloads the model, at once. Idempotent. */
  destroy(): void {
    if (this.#isUnloaded) return;
    this.#isUnloaded = true;
    this.#enter('UNLOADING', undefined);
    this.markUnavailable('it was unloaded');
  }

  async #openAndEnter(): Promise<void> {
    try {
      const loaded = await this.#open();
      if (this.#state !== 'LOADING') return;
      this.#loaded = loaded;
      this.#enter('READY', undefined);
    } catch (error) {
      const isConfig = error instanceof BatchingConfigError || error instanceof PipelineError;
      const place = isConfig ? `${this.ref.model}/model.yaml: ` : '';
      if (this.#state === 'LOADING') this.markUnavailable(withoutPaths(place + reasonOf(error)));
    }
  }

  #open(): Promise<LoadedModel> {
    return openModel({ ...this.#source, limits: this.limits }, this.#context, {
      notice: (notice) => this.#notice(notice),
      begun: (group) => {
        this.#group = group;
        // What was unloaded or given up meanwhile must start no thread.
        if (this.#state !== 'LOADING') throw this.unavailable();
      },
      compiled: (pipeline) => {
        this.#pipeline = pipeline;
        if (this.#state !== 'LOADING') pipeline?.close();
      },
      warmedUp: (done, total) => {
        this.#warmUp = { done, total };
      },
      gaveUp: (reason) => this.markUnavailable(withoutPaths(reason)),
    });
  }

  #notice(notice: string): void {
    this.#context.events.emit('modelNotice', { ...this.ref, notice });
  }

  #enter(to: ModelState, reason: string | undefined): void {
    if (!mayBecome(this.#state, to)) throw new Error(`a model cannot go from ${this.#state} to ${to}`);
    const from = this.#state;
    this.#state = to;
    this.#reason = reason;
    this.#context.events.emit('modelStateChanged', { ...this.ref, from, to, reason });
  }
}
