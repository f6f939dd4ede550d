import { policyFrom } from '../batching/batching-config.js';
import { DynamicBatcher } from '../batching/dynamic-batcher.js';
import { copyOf } from '../batching/row-probe.js';
import type { Clock } from '../core/clock.js';
import { MillraceError, reasonOf } from '../core/errors.js';
import type { EventSink, ModelRef } from '../core/events.js';
import type { TurnBudget } from '../core/turn-budget.js';
import { sampleItem } from '../model/sample-inputs.js';
import type { Signature } from '../model/signature.js';
import type { RunningPipeline } from '../pipelines/running-pipeline.js';
import type { StepPlaces } from '../pipelines/step-runner.js';
import type { ModelFiles } from '../repository/model-files.js';
import type { Backend, Instance } from '../runtime/backend.js';
import { type ProviderChoice, type ProviderProbe, resolveProviders } from '../runtime/execution-providers.js';
import { InstanceGroup } from '../runtime/instance-group.js';
import { DEFAULT_MEMORY_BYTES } from '../runtime/runtime-config.js';
import { asBatchOfOne, eachTensor, onlyItem } from '../tensor/batch-axis.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { type BatchingPlan, DEFAULT_FREE_SIZE, planBatching } from './batching-plan.js';
import type { ControlMode, LoadAtStart } from './control-config.js';
import type { MemoryLimits } from './memory-config.js';
import type { ModelConfig } from './model-config.js';
import { openPipeline } from './open-pipeline.js';
import { recordedSamples } from './recorded-samples.js';
import { warmUp, warmUpRuns } from './warm-up.js';

/** What all models of a server have in common. */
export interface ServingContext {
  readonly backend: Backend;
  readonly providerProbe: ProviderProbe;
  readonly clock: Clock;
  readonly events: EventSink;
  /** The server's `execution_providers`, for models that name none. */
  readonly executionProviders: readonly ProviderChoice[] | undefined;
  /** Instances of a model on the CPU that does not say how many. */
  readonly defaultInstances: number;
  readonly limits: ModelLimits;
  /** For work on items that nothing interrupts by itself. */
  readonly turnBudget: TurnBudget;
  /** Where steps of pipelines run. */
  readonly steps: StepPlaces;
  /** Items of one model whose steps may be under way at once, beside those that are with the model. */
  readonly stepSlots: number;
  /** Whether the operator lets model folders bring code. */
  readonly allowCode: boolean;
  readonly memory: MemoryLimits;
  readonly modelControl: ControlMode;
  /** Which models load before they are asked for. */
  readonly loadAtStart: LoadAtStart;
}

/** Limits with all values in place. */
export interface ModelLimits {
  readonly queueRows: number;
  readonly queueBytes: number;
  readonly timeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly executionTimeoutMs: number;
  /** What was accepted has so long to finish when a version is unloaded. */
  readonly drainTimeoutMs: number;
  /** Rows of one request; without it as many as the queue holds. */
  readonly maxRows?: number | undefined;
  /** A job must have begun to run after so long; without it no sooner than it must be done. */
  readonly queueTimeoutMs?: number | undefined;
}

/** The limits of one model: its own, and for the others those of the server. */
export function limitsOf({ limits }: ModelConfig, ofServer: ModelLimits): ModelLimits {
  return {
    queueRows: limits.queue_rows ?? ofServer.queueRows,
    queueBytes: limits.queue_bytes ?? ofServer.queueBytes,
    timeoutMs: limits.timeout_ms ?? ofServer.timeoutMs,
    loadTimeoutMs: limits.load_timeout_ms ?? ofServer.loadTimeoutMs,
    executionTimeoutMs: limits.execution_timeout_ms ?? ofServer.executionTimeoutMs,
    drainTimeoutMs: ofServer.drainTimeoutMs,
    maxRows: limits.max_rows ?? ofServer.maxRows,
    queueTimeoutMs: limits.queue_timeout_ms ?? ofServer.queueTimeoutMs,
  };
}

/** What is known of a model once it has loaded. */
export interface LoadedModel {
  readonly signature: Signature;
  readonly plan: BatchingPlan;
  readonly provider: string;
  readonly instances: InstanceGroup;
  readonly batcher: DynamicBatcher<Instance>;
  /** Undefined for a model that takes and gives tensors. */
  readonly pipeline: RunningPipeline | undefined;
}

/** Where a model version comes from. */
export interface ModelSource {
  readonly ref: ModelRef;
  readonly path: string;
  readonly config: ModelConfig;
  /** What lies beside it. */
  readonly files: ModelFiles;
  /** Of the model file with its data. */
  readonly fileBytes: number;
  /** Another one when a file has changed. */
  readonly stamp: string;
}

/** What the one who opens a model is told on the way. */
export interface OpeningListener {
  /** Something that the operator should know. */
  notice(notice: string): void;
  /** The group that will hold the instances; none has been started. What this throws ends the opening. */
  begun(group: InstanceGroup): void;
  /** The pipeline, which has threads of its own; undefined for a model without one. */
  compiled(pipeline: RunningPipeline | undefined): void;
  /** So many of all executions of the warm-up are done. */
  warmedUp(done: number, total: number): void;
  /** The instances keep dying, now or later. */
  gaveUp(reason: string): void;
}

/**
 * Makes a model ready to serve: finds its providers, loads a first instance, decides how it is batched, compiles its
 * pipeline, and adds the other instances, each warmed up.
 *
 * @throws MillraceError MODEL_UNAVAILABLE if it cannot be loaded; BatchingConfigError or PipelineError if model.yaml
 * does not fit it
 */
export async function openModel(
  source: ModelSource & { readonly limits: ModelLimits },
  context: ServingContext,
  listener: OpeningListener,
): Promise<LoadedModel> {
  const { ref, path, config, files, limits } = source;
  const { backend, clock, events, providerProbe, defaultInstances } = context;
  const { device } = config.instances;
  const requested = config.execution_providers ?? (device === 'auto' ? context.executionProviders : undefined);
  const { providers, notices } = await resolveProviders(requested, device, providerProbe);
  for (const notice of notices) listener.notice(notice);

  const { isolation, recycle, memory_bytes } = config.instances;
  // Drivers of accelerators reserve far more than they use.
  const memoryBytes = memory_bytes ?? (providers[0]?.name === 'cpu' ? DEFAULT_MEMORY_BYTES : undefined);
  const spec = (index: number) => {
    const name = `${ref.model}/${ref.version}#${index}`;
    return { name, modelPath: path, providers, session: config.session, isolation, memoryBytes };
  };
  const { loadTimeoutMs, executionTimeoutMs } = limits;
  const timeLimits = { loadTimeoutMs, executionTimeoutMs };
  const group = new InstanceGroup({ ref, backend, clock, events, spec, recycle, ...timeLimits });
  listener.begun(group);
  const first = await group.add();
  const { signature, provider } = first;
  const plan = await planBatching(signature, config.batching, async (inputs) => (await first.run(inputs)).outputs);
  if (plan.unbatchedBecause !== undefined) listener.notice(`requests run one at a time: ${plan.unbatchedBecause}`);
  if (plan.exactBecause !== undefined) listener.notice(`sizes are not rounded up: ${plan.exactBecause}`);

  const { axes, maxBatchSize, splits, buckets, fixedRows } = plan;
  const material = { signature, axes, files, allowCode: context.allowCode };
  const pipeline = config.pipeline && (await openPipeline({ ...material, config: config.pipeline }, context.steps));
  listener.compiled(pipeline);

  const { enabled, samples } = config.warmup;
  const recorded = samples === undefined ? [] : await recordedSamples(samples, { files, signature, axes, pipeline });
  const runs = enabled ? warmUpRuns(signature, plan, recorded) : [];
  const count = config.instances.count ?? (provider === 'cpu' ? defaultInstances : 1);
  let done = 0;
  const onRun = () => {
    done += 1;
    listener.warmedUp(done, runs.length * count);
  };
  const warm = async (instance: Instance) => {
    await warmUp(instance, plan, { runs, onRun });
  };
  const told = (instance: Instance) => (error: unknown) => {
    const what = samples === undefined ? 'generated inputs' : samples;
    listener.notice(`warm-up of ${instance.name} with ${what} failed: ${reasonOf(error)}`);
  };
  group.prepareWith((instance) => warm(instance).catch(told(instance)));
  const warmFirst = warm(first).catch((error: unknown) => {
    if (isBeyondUse(error)) throw cannotRun(error);
    told(first)(error);
  });
  await Promise.all([warmFirst, ...Array.from({ length: count - 1 }, () => group.add())]);

  if (pipeline !== undefined && enabled) {
    // The group has no batcher yet: the instance is nobody's but ours.
    const run = async (inputs: NamedTensors) => {
      const { outputs } = await first.run(eachTensor(inputs, axes.inputs, asBatchOfOne));
      return eachTensor(outputs, axes.outputs, onlyItem);
    };
    const generated = sampleItem(signature, axes, { row: 0, freeSize: plan.freeSize ?? DEFAULT_FREE_SIZE });
    const inputs = copyOf(recorded[0]?.inputs ?? generated);
    await pipeline.warmUp(run, eachTensor(inputs, axes.inputs, onlyItem)).catch((error: unknown) => {
      listener.notice(`warm-up of the pipeline failed: ${reasonOf(error)}`);
    });
  }
  const policy = policyFrom(config.batching);
  const { reject_non_finite: rejectNonFinite } = config.outputs;
  const sizes = { axes, maxBatchSize, splits, buckets, fixedRows };
  const faults = { rejectNonFinite, retriesTimeouts: isolation === 'process' };
  const batcher = new DynamicBatcher({ ref, ...sizes, ...faults, policy, pool: group, clock, events });
  group.listen({ onIdle: () => batcher.wake(), onGiveUp: (reason) => listener.gaveUp(reason) });
  return { signature, plan, provider, instances: group, batcher, pipeline };
}

/** Whether the model cannot even run what was made up for it: an input that it refuses says nothing, but this does. */
function isBeyondUse(error: unknown): error is MillraceError {
  const codes = ['OUT_OF_MEMORY', 'EXECUTION_TIMEOUT', 'INSTANCE_CRASHED'];
  return error instanceof MillraceError && codes.includes(error.code);
}

function cannotRun({ message, cause }: MillraceError): MillraceError {
  const reason = cause === undefined ? message : reasonOf(cause);
  return new MillraceError('MODEL_UNAVAILABLE', `The model could not run generated inputs: ${reason}`);
}
