import type { Answer, Step, Value } from './step.js';
import { blamed } from './step-decorators.js';
import { typeText, type ValueKind, type ValueType } from './value-type.js';

/** One step as it was written, with what flows in and out; for people. */
export interface StepExplanation {
  readonly step: string;
  readonly takes: string;
  readonly gives: string;
}

/** Steps that follow one another, resolved and type-checked. */
export interface Chain {
  /** Unlike any other chain of the pipeline. */
  readonly name: string;
  readonly takes: ValueType;
  readonly gives: ValueType;
  /** What runs: steps as they were written, some of them in one. */
  readonly steps: readonly Step[];
  readonly explanation: readonly StepExplanation[];
}

/**
 * A model's pipeline as it runs: one chain before the model for each kind of item that clients may send, and one
 * after it. Made from data by `compilePipeline`.
 */
export interface Pipeline {
  readonly preprocess: ReadonlyMap<ValueKind, Chain>;
  readonly postprocess: Chain;
}

/** What a chain came to. */
export type ChainResult = Value | Answer;

/** Makes a chain of steps, and puts neighbours that can work in one into one. */
export function chainOf(name: string, takes: ValueType, steps: readonly Step[]): Chain {
  let given = takes;
  const explanation = steps.map((step): StepExplanation => {
    const explained = { step: step.name, takes: typeText(given), gives: typeText(step.gives) };
    given = step.gives;
    return explained;
  });
  return { name, takes, gives: given, steps: fused(steps).map(blamed), explanation };
}

function fused(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const both = result.at(-1)?.fuse?.(step);
    if (both === undefined) result.push(step);
    else result[result.length - 1] = both;
  }
  return result;
}

/** A chain for people: its steps as they were written, and what runs in their place. */
export interface ChainExplanation {
  readonly steps: readonly StepExplanation[];
  readonly runs_as: readonly Readonly<{ step: string; runs: Step['runs'] }>[];
}

/** A pipeline for people, with a chain for each kind of item that it takes. */
export interface PipelineExplanation {
  readonly takes: readonly ValueKind[];
  readonly gives: string;
  readonly preprocess: Readonly<Partial<Record<ValueKind, ChainExplanation>>>;
  readonly postprocess: ChainExplanation;
}

/** A pipeline as GET /models/{name} shows it. */
export function explain({ preprocess, postprocess }: Pipeline): PipelineExplanation {
  const chain = ({ explanation, steps }: Chain): ChainExplanation => ({
    steps: explanation,
    runs_as: steps.map(({ name, runs }) => ({ step: name, runs })),
  });
  return {
    takes: [...preprocess.keys()],
    gives: typeText(postprocess.gives),
    preprocess: Object.fromEntries([...preprocess].map(([kind, each]) => [kind, chain(each)])),
    postprocess: chain(postprocess),
  };
}
