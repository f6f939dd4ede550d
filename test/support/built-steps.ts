import assert from 'node:assert/strict';
import { MillraceError } from '#src/core/errors.js';
import type { Dimension, TensorSpec } from '#src/model/signature.js';
import { Answer, type Step, type StepContext, StepError, type Value } from '#src/pipelines/step.js';
import { findStepKind } from '#src/pipelines/step-catalogue.js';
import { anyOfKind, type ValueKind, type ValueType } from '#src/pipelines/value-type.js';
import type { Datatype } from '#src/tensor/datatype.js';

/** A step as model.yaml has it, its name or its name with options; or the two as a pair. */
export type WrittenStep = string | Readonly<Record<string, unknown>> | readonly [name: string, options?: unknown];

/** Files beside the model, by name: bytes, a text, or what is to be JSON. */
export type ModelFiles = Readonly<Record<string, unknown>>;

interface Surroundings {
  /** What the first step is given; without it the first kind of value that it takes. */
  readonly given?: ValueKind | ValueType | undefined;
  readonly inputs?: readonly TensorSpec[];
  readonly files?: ModelFiles;
}

/** An input of a model, without its batch axis. */
export function modelInput(shape: readonly Dimension[], datatype: Datatype = 'FP32'): TensorSpec {
  return { name: 'x', datatype, shape };
}

/** Resolves steps one after another, each given what the one before gives. */
export async function buildSteps(
  written: readonly WrittenStep[],
  { given, inputs = [], files = {} }: Surroundings = {},
): Promise<Step[]> {
  const context: StepContext = { inputs, outputs: [], readFile: async (name) => fileOf(files, name) };
  const steps: Step[] = [];
  for (const entry of written) {
    const [name, options = {}] = partsOf(entry);
    const kind = findStepKind(name);
    const first = given ?? kind.takes[0];
    assert.ok(first !== undefined, `${name} takes nothing`);
    const type = steps.at(-1)?.gives ?? (typeof first === 'string' ? anyOfKind(first) : first);
    assert.ok(kind.takes.includes(type.kind), `${name} takes no ${type.kind}`);
    const { shorthand } = kind;
    const isShort = shorthand !== undefined && (typeof options !== 'object' || Array.isArray(options));
    const step = await kind.resolve(kind.options.parse(isShort ? { [shorthand]: options } : options), type, context);
    assert.ok(kind.gives.includes(step.gives.kind), `${name} gives ${step.gives.kind}`);
    steps.push(step);
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
    assert.ok(!(result instanceof Answer), `${step.name} gave an answer`);
    at = result;
  }
  return at as Result;
}

/** Runs steps that finish at once. */
export function runAtOnce(steps: readonly Step[], value: Value): Value {
  return steps.reduce<Value>((at, step) => {
    const given = step.run(at);
    assert.ok(!(given instanceof Promise), `${step.name} gave a promise`);
    return given;
  }, value);
}

/** Asserts that a step refuses a value, with exactly this place, expectation and what came. */
export async function assertRefused(
  step: Step,
  value: Value,
  details: { path: string; expected: string; got: string },
): Promise<MillraceError> {
  let result: Awaited<ReturnType<Step['run']>>;
  try {
    result = await step.run(value);
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    assert.deepEqual(error.details, details);
    return error;
  }
  assert.fail(`not refused, but ${JSON.stringify(result)}`);
}

function partsOf(written: WrittenStep): readonly [name: string, options?: unknown] {
  if (typeof written === 'string') return [written];
  if (Array.isArray(written)) return written as readonly [string, unknown];
  return Object.entries(written)[0] as [string, unknown];
}

function fileOf(files: ModelFiles, name: string): Uint8Array {
  if (!Object.hasOwn(files, name)) throw new StepError(`${name}: there is no such file beside the model`);
  const content = files[name];
  if (content instanceof Uint8Array) return content;
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}
