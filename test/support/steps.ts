import { z } from 'zod';
import type { TensorSpec } from '#src/model/signature.js';
import type { CompileContext } from '#src/pipelines/compile-pipeline.js';
import { type Step, type StepKind, stepKind, type Value } from '#src/pipelines/step.js';
import { anyOfKind, type ValueKind, type ValueType } from '#src/pipelines/value-type.js';

export interface FakeStep extends Partial<Omit<Step, 'gives'>> {
  readonly takes: ValueKind | readonly ValueKind[];
  readonly gives: ValueKind | ValueType;
}

/** A kind of step for tests, which passes values on unless `run` says otherwise. */
export function fakeKind(name: string, { takes, gives, ...members }: FakeStep): StepKind {
  const given = typeof gives === 'string' ? anyOfKind(gives) : gives;
  return stepKind({
    name,
    summary: 'A step of a test',
    takes: typeof takes === 'string' ? [takes] : takes,
    gives: [given.kind],
    options: z.strictObject({ times: z.int().min(1).default(1) }),
    shorthand: 'times',
    resolve: () => ({ name, gives: given, runs: 'javascript', run: (value) => value, ...members }),
  });
}

/** A step by itself. */
export function fakeStep(members: Partial<Step> = {}): Step {
  return { name: 'fake', gives: { kind: 'text' }, runs: 'javascript', run: (value: Value) => value, ...members };
}

const vector: TensorSpec = { name: 'x', datatype: 'FP32', shape: [4] };

/** What the compiler knows in tests: a model from x, FP32[4], to y, FP32[3], and these kinds as `own` steps, by file. */
export function fakeContext(
  own: Readonly<Record<string, StepKind>> = {},
  overrides: Partial<CompileContext> = {},
): CompileContext {
  return {
    inputs: [vector],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [3] }],
    readFile: async (name) => {
      throw new Error(`${name}: there is no such file beside the model`);
    },
    ownStep: async (file) => {
      const kind = own[file];
      if (kind === undefined) throw new Error(`${file} is code`);
      return kind;
    },
    ...overrides,
  };
}
