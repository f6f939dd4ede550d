import { type AbortSource, patient } from '../core/abort.js';
import { MillraceError } from '../core/errors.js';
import type { TensorSpec } from '../model/signature.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { Chain, Pipeline } from './pipeline.js';
import { at, type PipelineItem } from './pipeline-item.js';
import { Answer, type Value } from './step.js';
import { isAnswer } from './step-decorators.js';
import type { PipelineSource } from './step-protocol.js';
import { type PipelineIds, type PipelinePlaces, StepRunner } from './step-runner.js';
import { isTensor } from './value-check.js';
import { tensorFits, tensorText, type ValueKind } from './value-type.js';

/** A typical item. */
export interface PipelineSample {
  readonly kind: ValueKind;
  readonly value: Value;
}

/** Runs of the sample in the warm-up: code is compiled by its engine meanwhile, and the later ones are measured. */
const WARM_UP_RUNS = 10;

/** A compiled pipeline at work: items become the model's inputs, the model's outputs become answers. */
export class RunningPipeline {
  readonly pipeline: Pipeline;
  /** A typical item of the first kind that has one; undefined if no step knows what it looks like. */
  readonly sample: PipelineSample | undefined;
  readonly #places: PipelinePlaces;
  readonly #inputs: readonly TensorSpec[];
  readonly #ids: PipelineIds;
  readonly #preprocess: ReadonlyMap<ValueKind, StepRunner>;
  readonly #postprocess: StepRunner;

  private constructor(
    { pipeline, sample }: { pipeline: Pipeline; sample: PipelineSample | undefined },
    source: PipelineSource,
    places: PipelinePlaces,
  ) {
    this.pipeline = pipeline;
    this.sample = sample;
    this.#places = places;
    this.#inputs = source.inputs;
    this.#ids = { shared: places.pool.define(source), own: places.own.define(source) };
    const runner = (chain: Chain) => new StepRunner(chain, this.#ids, places);
    this.#preprocess = new Map([...pipeline.preprocess].map(([kind, chain]) => [kind, runner(chain)]));
    this.#postprocess = runner(pipeline.postprocess);
  }

  /** Puts a pipeline to work. `source` is what other threads make the same pipeline from. */
  static async start(pipeline: Pipeline, source: PipelineSource, places: PipelinePlaces): Promise<RunningPipeline> {
    let sample: PipelineSample | undefined;
    for (const [kind, { steps }] of pipeline.preprocess) {
      const value = await steps[0]?.sample?.();
      if (value !== undefined) sample ??= { kind, value };
    }
    return new RunningPipeline({ pipeline, sample }, source, places);
  }

  /** The kinds of items that it takes. */
  get takes(): ValueKind[] {
    return [...this.#preprocess.keys()];
  }

  /**
   * Makes an item into the model's inputs, without the batch axis; or finds its answer without the model.
   *
   * @throws MillraceError the item's fault with its place, STEP_FAILED, or what the signal says
   */
  async preprocess({ kind, value, path }: PipelineItem, signal: AbortSource): Promise<NamedTensors | Answer> {
    const runner = this.#preprocess.get(kind);
    if (runner === undefined) throw new Error(`the pipeline takes no ${kind}`);
    try {
      const result = await runner.run(value, signal);
      if (isAnswer(result)) return result;
      checkInputs(result, this.#inputs);
      return result;
    } catch (error) {
      throw at(path, error);
    }
  }

  /**
   * Makes the model's outputs for one item, without the batch axis, into the answer.
   *
   * @throws MillraceError STEP_FAILED, OUTPUT_NOT_FINITE, or what the signal says
   */
  async postprocess(outputs: NamedTensors, signal: AbortSource): Promise<Answer> {
    const result = await this.#postprocess.run(outputs, signal).catch((error: unknown) => {
      throw isInputError(error) ? notTheClients(error) : error;
    });
    return isAnswer(result) ? result : new Answer(this.pipeline.postprocess.gives, result);
  }

  /**
   * Runs a typical item of each kind through the pipeline a few times, and learns what the steps cost.
   *
   * @param run the model, for one item
   * @param generated what the model is run on where no step knows a typical item
   * @throws what the steps throw
   */
  async warmUp(run: (inputs: NamedTensors) => Promise<NamedTensors>, generated: NamedTensors): Promise<void> {
    const how = { runs: WARM_UP_RUNS, signal: patient };
    let inputs = generated;
    for (const runner of this.#preprocess.values()) {
      const value = await runner.chain.steps[0]?.sample?.();
      const result = value === undefined ? undefined : await runner.measure(value, how);
      if (result !== undefined && !isAnswer(result)) inputs = result as NamedTensors;
    }
    await this.#postprocess.measure(await run(inputs), how);
  }

  /** The pipeline will not be run again. */
  close(): void {
    this.#places.pool.forget(this.#ids.shared);
    this.#places.own.close();
  }
}

/**
 * What steps give is checked once more before it shares a batch with others: what an own step gives, and what
 * depends on the item, is known only now.
 */
function checkInputs(value: unknown, specs: readonly TensorSpec[]): asserts value is NamedTensors {
  const given = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  for (const spec of specs) {
    const tensor = given[spec.name];
    if (isTensor(tensor) && tensor.datatype === spec.datatype && tensorFits(tensor, spec)) continue;
    const got = isTensor(tensor) ? tensorText(tensor) : 'no tensor';
    throw misfit(`The preprocessing gave ${got} for input ${spec.name}.`, tensorText(spec), got);
  }
  const extra = Object.keys(given).find((name) => !specs.some((spec) => spec.name === name));
  if (extra === undefined) return;
  const names = specs.map(({ name }) => name).join(', ');
  throw misfit('The preprocessing gave a tensor that the model does not take.', names, extra.slice(0, 128));
}

function isInputError(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.code === 'INVALID_INPUT';
}

/** Behind the model nothing is left of what the client sent that could be its fault. */
function notTheClients(error: MillraceError): MillraceError {
  return new MillraceError('STEP_FAILED', `The postprocessing failed: ${error.message}`, {
    ...error.details,
    cause: error,
  });
}

function misfit(message: string, expected: string, got: string): MillraceError {
  return new MillraceError('STEP_FAILED', message, { expected, got });
}
