import { reasonOf } from '../core/errors.js';
import { describeIssues } from '../core/zod-issues.js';
import type { TensorSpec } from '../model/signature.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { type Chain, chainOf, type Pipeline } from './pipeline.js';
import type { PipelineConfig } from './pipeline-config.js';
import { PipelineError } from './pipeline-error.js';
import { type Step, type StepContext, StepError, type StepKind } from './step.js';
import { findStepKind } from './step-catalogue.js';
import {
  anyOfKind,
  type TensorType,
  tensorFits,
  tensorText,
  typeText,
  type ValueKind,
  type ValueType,
} from './value-type.js';
import {
  BY_TYPE,
  isMapping,
  isOwnStep,
  kindsText,
  readSteps,
  readWays,
  sentKinds,
  type WrittenStep,
} from './written-step.js';

/** What the compiler needs beside the configuration. */
export interface CompileContext extends StepContext {
  /**
   * The operator's own step in a file beside the model.
   *
   * @throws Error with a reason for the operator if it cannot be used
   */
  ownStep(file: string): Promise<StepKind>;
}

/**
 * Makes a pipeline from its description: finds each step, checks its options, and checks that it takes what the one
 * before it gives, from what a client sends to what the model takes, and from what the model gives to the answer.
 * What does not fit is found here, when the model loads, and never by a request.
 *
 * @throws PipelineError that names the place, such as `pipeline.preprocess[2]`
 */
export async function compilePipeline(config: PipelineConfig, outside: CompileContext): Promise<Pipeline> {
  const context: CompileContext = {
    ...outside,
    readFile: (name) =>
      outside.readFile(name).catch((error: unknown) => Promise.reject(new StepError(reasonOf(error)))),
  };
  const preprocess = await compilePreprocess(readSteps(config.preprocess, 'pipeline.preprocess'), context);
  const postprocess = await compilePostprocess(readSteps(config.postprocess, 'pipeline.postprocess'), context);
  const { kind } = postprocess.gives;
  for (const { name, answers } of [...preprocess.values()].flatMap(({ steps }) => steps)) {
    if (answers === undefined || answers.kind === kind) continue;
    throw new PipelineError(`pipeline: ${name} may answer with ${answers.kind}, but the postprocessing gives ${kind}`);
  }
  return { preprocess, postprocess };
}

/** One chain for each kind of item that the first step takes. */
async function compilePreprocess(written: WrittenStep[], context: CompileContext): Promise<Map<ValueKind, Chain>> {
  const model = tensorsOf(context.inputs);
  const [first, ...rest] = written;
  if (first === undefined) return new Map([['tensors', chainOf('preprocess:tensors', model, [])]]);
  const ways = first.name === BY_TYPE ? readWays(first) : await waysInto(first, context);
  const chains = new Map<ValueKind, Chain>();
  for (const [kind, branch] of ways) {
    const takes = anyOfKind(kind);
    const steps = await resolveSteps([...branch, ...rest], takes, context);
    steps.push(...intoModel(steps.at(-1)?.gives ?? takes, model));
    chains.set(kind, chainOf(`preprocess:${kind}`, takes, steps));
  }
  return chains;
}

async function waysInto(first: WrittenStep, context: CompileContext): Promise<[ValueKind, WrittenStep[]][]> {
  const { takes } = await kindOf(first, context);
  const sent = sentKinds.filter((kind) => takes.includes(kind));
  if (sent.length > 0) return sent.map((kind) => [kind, [first]]);
  const text = `${first.name} takes ${kindsText(takes)}, and a client can send ${kindsText(sentKinds)}`;
  throw new PipelineError(`${first.path}: ${text}`);
}

/** A single output is taken out of its name for a first step that wants one tensor. */
async function compilePostprocess(written: WrittenStep[], context: CompileContext): Promise<Chain> {
  const takes = tensorsOf(context.outputs);
  const [first] = written;
  const [only, ...others] = context.outputs;
  if (first === undefined) return chainOf('postprocess', takes, []);
  const unpacks =
    only !== undefined && others.length === 0 && !(await kindOf(first, context)).takes.includes('tensors');
  const unpacked = unpacks ? [outputStep(only)] : [];
  const steps = await resolveSteps(written, unpacked[0]?.gives ?? takes, context);
  return chainOf('postprocess', takes, [...unpacked, ...steps]);
}

function outputStep({ name, datatype, shape }: TensorSpec): Step {
  const run: Step['run'] = (value) => (value as NamedTensors)[name] as Tensor;
  return { name: `output ${name}`, gives: { kind: 'tensor', datatype, shape }, runs: 'javascript', run };
}

async function resolveSteps(
  written: readonly WrittenStep[],
  takes: ValueType,
  context: CompileContext,
): Promise<Step[]> {
  const steps: Step[] = [];
  let given = takes;
  for (const each of written) {
    const kind = await kindOf(each, context);
    if (!kind.takes.includes(given.kind)) {
      const before = steps.length === 0 ? 'what comes in is' : `${steps.at(-1)?.name}, before it, gives`;
      throw new PipelineError(
        `${each.path}: ${each.name} takes ${kindsText(kind.takes)}; ${before} ${typeText(given)}`,
      );
    }
    const step = await resolveStep(kind, { ...each, given }, context);
    steps.push(step);
    given = step.gives;
  }
  return steps;
}

async function resolveStep(
  kind: StepKind,
  { name, options, path, given }: WrittenStep & { given: ValueType },
  context: CompileContext,
): Promise<Step> {
  // `- argmax:` with nothing behind it is YAML for null.
  const isShort = kind.shorthand !== undefined && options !== undefined && options !== null && !isMapping(options);
  const spelled = isShort ? { [kind.shorthand]: options } : (options ?? {});
  const checked = kind.options.safeParse(spelled);
  if (!checked.success) {
    const problems = describeIssues(checked.error, kind.options, spelled);
    throw new PipelineError(problems.map((each) => `${path}.${name}.${each.path}: ${each.message}`).join('; '));
  }
  try {
    return await kind.resolve(checked.data, given, context);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    throw new PipelineError(`${path}: ${name}: ${error.message}`, { cause: error });
  }
}

async function kindOf(written: WrittenStep, context: CompileContext): Promise<StepKind> {
  const { name, path } = written;
  if (name === BY_TYPE) throw new PipelineError(`${path}: ${BY_TYPE} can only be the first step of the preprocessing`);
  try {
    return isOwnStep(written) ? await context.ownStep(name) : findStepKind(name);
  } catch (error) {
    throw new PipelineError(`${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * What comes after the last step to give the model its inputs by name.
 *
 * @throws PipelineError if what the last step gives is not what the model takes
 */
function intoModel(given: ValueType, model: ValueType & { kind: 'tensors' }): Step[] {
  const names = Object.keys(model.tensors);
  const [name] = names;
  if (given.kind === 'tensors') {
    const known = Object.keys(given.tensors);
    const isOther = known.length > 0 && (known.length !== names.length || names.some((each) => !known.includes(each)));
    if (isOther) throw misfit(typeText(given), typeText(model));
    for (const each of known) checkFit(each, given.tensors[each] as TensorType, model);
    return [];
  }
  if (given.kind !== 'tensor' || name === undefined || names.length > 1) throw misfit(typeText(given), typeText(model));
  checkFit(name, given, model);
  const run: Step['run'] = (value) => ({ [name]: value as Tensor });
  return [{ name: `input ${name}`, gives: model, runs: 'javascript', run }];
}

function checkFit(name: string, given: TensorType, model: ValueType & { kind: 'tensors' }): void {
  const expected = model.tensors[name] as TensorType;
  if (!tensorFits(given, expected)) throw misfit(`${tensorText(given)} for ${name}`, tensorText(expected));
}

function misfit(given: string, expected: string): PipelineError {
  const text = `the last step gives ${given}; the model takes ${expected}, one item without the batch axis`;
  return new PipelineError(`pipeline.preprocess: ${text}`);
}

function tensorsOf(specs: readonly TensorSpec[]): ValueType & { kind: 'tensors' } {
  const tensors = Object.fromEntries(specs.map(({ name, datatype, shape }) => [name, { datatype, shape }]));
  return { kind: 'tensors', tensors };
}
