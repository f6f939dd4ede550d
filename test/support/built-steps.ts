import type { Dimension, TensorSpec } from '#src/model/signature.js';
import { Answer, type Step, type StepContext, type Value } from '#src/pipelines/step.js';
import { findStepKind } from '#src/pipelines/step-catalogue.js';
import { anyOfKind, type ValueKind, type ValueType } from '#src/pipelines/value-type.js';
import type { Datatype } from '#src/tensor/datatype.js';

/** A step as model.yaml has it: its name, or its name with options. */
export type WrittenStep = string | Readonly<Record<string, unknown>>;

interface Surroundings {
  /** What the first step is given. */
  readonly given?: ValueKind | ValueType;
  readonly inputs?: readonly TensorSpec[];
}

/** An input of a model, without its batch axis. */
export function modelInput(shape: readonly Dimension[], datatype: Datatype = 'FP32'): TensorSpec {
  return { name: 'x', datatype, shape };
}

/** Resolves steps one after another, each given what the one before gives. */
export async function buildSteps(
  written: readonly WrittenStep[],
  { given = 'bytes', inputs = [] }: Surroundings = {},
): Promise<Step[]> {
  const context: StepContext = { inputs, outputs: [], readFile: (name) => Promise.reject(new Error(`no ${name}`)) };
  const steps: Step[] = [];
  let type = typeof given === 'string' ? anyOfKind(given) : given;
  for (const entry of written) {
    const [name, options] = typeof entry === 'string' ? [entry, {}] : (Object.entries(entry)[0] as [string, unknown]);
    const kind = findStepKind(name);
    const { shorthand } = kind;
    const isShort = shorthand !== undefined && typeof options !== 'object';
    const parsed = kind.options.parse(isShort ? { [shorthand]: options } : options);
    const step = await kind.resolve(parsed, type, context);
    steps.push(step);
    type = step.gives;
  }
  return steps;
}

/** One step. */
export async function buildStep(written: WrittenStep, surroundings: Surroundings = {}): Promise<Step> {
  return (await buildSteps([written], surroundings))[0] as Step;
}

/** The steps with neighbours fused where they can be. */
export function fuseSteps(steps: readonly Step[]): Step[] {
  return steps.reduce<Step[]>((fused, step) => {
    const both = fused.at(-1)?.fuse?.(step);
    return both === undefined ? [...fused, step] : [...fused.slice(0, -1), both];
  }, []);
}

/** What the steps make of a value. */
export async function runSteps<Result>(steps: readonly Step[], value: Value): Promise<Result> {
  let at = value;
  for (const step of steps) {
    const result = await step.run(at);
    if (result instanceof Answer) throw new Error('this step gave an answer');
    at = result;
  }
  return at as Result;
}
