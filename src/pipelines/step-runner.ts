import { type AbortSource, abortReason } from '../core/abort.js';
import type { Slots } from '../core/slots.js';
import type { Chain, ChainResult } from './pipeline.js';
import type { Step, Value } from './step.js';
import { type Measurement, StepCost } from './step-cost.js';
import { effortOf, isAnswer, timed } from './step-decorators.js';
import type { StepPool } from './step-pool.js';

/**
 * A step of plain JavaScript that will take longer than this leaves the main thread. To leave costs that thread about
 * 0.1 ms, and the processors several times that for a picture; and a busy machine doubles what is measured.
 */
const MAX_MAIN_THREAD_MS = 0.5;
/** What was never measured runs on the main thread the first time only if it cannot be much. */
const MAX_UNMEASURED_EFFORT = 4_096;

/** Where steps run: what all pipelines of a server share. */
export interface StepPlaces {
  /** Threads for the server's own steps. */
  readonly pool: StepPool;
  /** For steps that work on threads of their own: more of them at once than processors would only wait there. */
  readonly native: Slots;
}

/** Where the steps of one pipeline run. */
export interface PipelinePlaces extends StepPlaces {
  /** Threads for the operator's steps, the pipeline's alone. */
  readonly own: StepPool;
}

/** What the pools call the pipeline. */
export interface PipelineIds {
  readonly shared: number;
  readonly own: number;
}

/** One step with what is known of its cost. */
interface PlacedStep {
  readonly step: Step;
  readonly cost: StepCost;
}

/**
 * Runs the steps of one chain, each where it harms nobody: a step of plain JavaScript on the main thread while its
 * learnt cost is small, else in a thread together with those that follow it; own steps always in threads; native
 * ones on their own threads.
 */
export class StepRunner {
  readonly chain: Chain;
  readonly #ids: PipelineIds;
  readonly #places: PipelinePlaces;
  readonly #steps: readonly PlacedStep[];

  constructor(chain: Chain, ids: PipelineIds, places: PipelinePlaces) {
    this.chain = chain;
    this.#ids = ids;
    this.#places = places;
    this.#steps = chain.steps.map((step) => {
      const cost = new StepCost();
      return { step: step.runs === 'javascript' ? timed(step, (measurement) => cost.update(measurement)) : step, cost };
    });
  }

  /**
   * Runs the chain on one item.
   *
   * @param signal when it aborts, no further step begins
   * @returns what the last step gave, or an early answer
   * @throws MillraceError the item's fault, STEP_FAILED, or what the signal says
   */
  async run(value: Value, signal: AbortSource): Promise<ChainResult> {
    let at: ChainResult = value;
    for (let index = 0; index < this.#steps.length; ) {
      if (signal.aborted) throw abortReason(signal);
      const { step } = this.#steps[index] as PlacedStep;
      if (step.runs === 'native') {
        const input: Value = at;
        at = await this.#places.native.run(() => {
          if (signal.aborted) throw abortReason(signal);
          return step.run(input);
        });
        index += 1;
      } else if (this.#fitsMainThread(index, at)) {
        const given = step.run(at);
        at = given instanceof Promise ? await given : given;
        index += 1;
      } else {
        const to = this.#endOfPoolRange(index);
        at = await this.#runInPool({ from: index, to }, at, signal);
        index = to;
      }
      if (isAnswer(at)) return at;
    }
    return at;
  }

  /**
   * Runs the chain on the same value several times, every step of plain JavaScript on the main thread, and learns from
   * the faster half what each costs: the first runs are of code that its engine has not compiled, and pauses only add.
   */
  async measure(value: Value, { runs, signal }: { runs: number; signal: AbortSource }): Promise<ChainResult> {
    let at: ChainResult = value;
    for (const [index, { step, cost }] of this.#steps.entries()) {
      const input = at;
      if (step.runs === 'own') return this.#runInPool({ from: index, to: this.#steps.length }, input, signal);
      const measurements: Measurement[] = [];
      const measured = timed(step, (measurement) => measurements.push(measurement));
      for (let count = 0; count < (step.runs === 'native' ? 1 : runs); count += 1) {
        at = await measured.run(input);
        // Others have the event loop in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
      measurements.sort((a, b) => a.ms - b.ms);
      cost.fit(measurements.slice(0, Math.ceil(measurements.length / 2)));
      if (isAnswer(at)) return at;
    }
    return at;
  }

  /** What the steps are expected to take for this value, in milliseconds; for tests and explanations. */
  predict(index: number, value: Value): number | undefined {
    const { step, cost } = this.#steps[index] as PlacedStep;
    return cost.predict(effortOf(step, value));
  }

  #fitsMainThread(index: number, value: Value): boolean {
    const { step } = this.#steps[index] as PlacedStep;
    if (step.runs !== 'javascript') return false;
    const expectedMs = this.predict(index, value);
    if (expectedMs !== undefined) return expectedMs <= MAX_MAIN_THREAD_MS;
    return effortOf(step, value) <= MAX_UNMEASURED_EFFORT;
  }

  /** Once a value is in a thread, it stays for all that can be done there. */
  #endOfPoolRange(from: number): number {
    const end = this.#steps.findIndex(({ step }, index) => index > from && step.runs === 'native');
    return end === -1 ? this.#steps.length : end;
  }

  async #runInPool(
    { from, to }: { from: number; to: number },
    value: Value,
    signal: AbortSource,
  ): Promise<ChainResult> {
    const isOwn = this.#steps.slice(from, to).some(({ step }) => step.runs === 'own');
    const [pool, pipeline] = isOwn ? [this.#places.own, this.#ids.own] : [this.#places.pool, this.#ids.shared];
    const { outcome, firstMs } = await pool.run({ pipeline, chain: this.chain.name, from, to }, value, signal);
    if ('error' in outcome) throw outcome.error;
    const { step, cost } = this.#steps[from] as PlacedStep;
    // What the later ones cost depends on values that were never here.
    if (step.runs === 'javascript') cost.update({ effort: effortOf(step, value), ms: firstMs });
    return outcome.result;
  }
}
