import assert from 'node:assert/strict';
import { MillraceError } from '#src/core/errors.js';
import type { TensorSpec } from '#src/model/signature.js';
import { type Step, StepError, type StepKind, type Value } from '#src/pipelines/step.js';
import { anyOfKind } from '#src/pipelines/value-type.js';

interface Surroundings {
  readonly inputs?: readonly TensorSpec[];
  /** Files beside the model, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** A step with options as model.yaml has them, at the beginning of the pipeline of a model with these inputs. */
export async function resolvedStep(
  kinds: readonly StepKind[],
  name: string,
  options: unknown,
  { inputs = [], files = {} }: Surroundings = {},
): Promise<Step> {
  const kind = kinds.find((each) => each.name === name);
  assert.ok(kind !== undefined);
  const readFile = async (file: string) => {
    const content = files[file];
    if (content === undefined) throw new StepError(`there is no file ${file}`);
    return Buffer.from(content);
  };
  const [taken] = kind.takes;
  assert.ok(taken !== undefined);
  return kind.resolve(kind.options.parse(options), anyOfKind(taken), { inputs, outputs: [], readFile });
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
