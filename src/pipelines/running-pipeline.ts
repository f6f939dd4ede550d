import type { AbortSource } from '../core/abort.js';
import { MillraceError } from '../core/errors.js';
import type { TensorSpec } from '../model/signature.js';
import { datatypes } from '../tensor/datatype.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import type { Chain, Pipeline } from './pipeline.js';
import { at, type PipelineItem } from './pipeline-item.js';
import { Answer, type Value } from './step.js';
import { isAnswer } from './step-decorators.js';
import type { PipelineSource } from './step-protocol.js';
import { type StepPlaces, StepRunner } from './step-runner.js';
import { tensorFits, tensorText, type ValueKind } from './value-type.js';

/** A typical item. */
export interface PipelineSample {
  readonly kind: ValueKind;
  readonly value: Value;
}

/** Runs of the sample in the warm-up: code is compiled by its engine meanwhile, and the later ones are measured. */
const WARM_UP_RUNS = 10;

/** Somebody who waits for as long as it takes. */
const patient: AbortSource = {
  aborted: false,
  reason: undefined,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

/** A compiled pipeline at work: items become the model's inputs, the model's outputs become answers. */
export class RunningPipeline {
  readonly pipeline: Pipeline;
  /** A typical item of the first kind that has one; undefined if no step knows what it looks like. */
  readonly sample: PipelineSample | undefined;
  readonly #places: StepPlaces;
  readonly #inputs: readonly TensorSpec[];
  readonly #id: number;
  readonly #preprocess: ReadonlyMap<ValueKind, StepRunner>;
  readonly #postprocess: StepRunner;

  private constructor(
    { pipeline, sample }: { pipeline: Pipeline; sample: PipelineSample | undefined },
    source: PipelineSource,
    places: StepPlaces,
  ) {
    this.pipeline = pipeline;
    this.sample = sample;
    this.#places = places;
    this.#inputs = source.inputs;
    this.#id = places.pool.define(source);
    const runner = (chain: Chain) => new StepRunner(chain, this.#id, places);
    this.#preprocess = new Map([...pipeline.preprocess].map(([kind, chain]) => [kind, runner(chain)]));
    this.#postprocess = runner(pipeline.postprocess);
  }

  /** Puts a pipeline to work. `source` is what other threads make the same pipeline from. */
  static async start(pipeline: Pipeline, source: PipelineSource, places: StepPlaces): Promise<RunningPipeline> {
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
      for (const spec of this.#inputs) checkInput((result as NamedTensors)[spec.name], spec);
      return result as NamedTensors;
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
    const result = await this.#postprocess.run(outputs, signal);
    return isAnswer(result) ? result : new Answer(this.pipeline.postprocess.gives, result);
  }

  /**
   * Runs a typical item of each kind through the pipeline a few times, and learns what the steps cost.
   *
   * @param run the model, for one item
   * @throws what the steps throw
   */
  async warmUp(run: (inputs: NamedTensors) => Promise<NamedTensors>): Promise<void> {
    for (const runner of this.#preprocess.values()) {
      const value = await runner.chain.steps[0]?.sample?.();
      if (value === undefined) continue;
      const result = await runner.measure(value, { runs: WARM_UP_RUNS, signal: patient });
      if (!isAnswer(result))
        await this.#postprocess.measure(await run(result as NamedTensors), {
          runs: WARM_UP_RUNS,
          signal: patient,
        });
    }
  }

  /** The pipeline will not be run again. */
  close(): void {
    this.#places.pool.forget(this.#id);
  }
}

/**
 * What steps give is checked once more before it shares a batch with others: what an own step gives, and what
 * depends on the item, is known only now.
 */
function checkInput(tensor: Tensor | undefined, spec: TensorSpec): void {
  const { datatype, shape } = tensor ?? {};
  const { array: ArrayType } = datatypes[spec.datatype];
  const fits =
    tensor !== undefined &&
    datatype === spec.datatype &&
    tensorFits({ datatype, shape }, spec) &&
    (ArrayType === undefined ? Array.isArray(tensor.data) : tensor.data instanceof ArrayType) &&
    tensor.data.length === elementCount(tensor.shape);
  if (fits) return;
  const got = tensor === undefined ? 'nothing' : `${tensorText({ datatype, shape })} of ${tensor.data.length} elements`;
  throw new MillraceError('STEP_FAILED', `The preprocessing gave ${got} for input ${spec.name}.`, {
    expected: tensorText(spec),
    got,
  });
}
