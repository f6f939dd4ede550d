import { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import { pathText } from '../core/zod-issues.js';
import { datatypes } from '../tensor/datatype.js';
import { type Step, type StepKind, stepKind, type Value } from './step.js';
import { isOfKind } from './value-check.js';
import { anyOfKind, type ValueKind, type ValueType, valueKinds } from './value-type.js';

/** Characters of a text of an own step that an error shows. */
const MAX_TEXT = 1_000;

const kindSchema = z.enum(valueKinds);

/** A tensor may be told in full: `{kind: 'tensor', datatype: 'FP32', shape: [3, null]}`, null for a free dimension. */
const typeSchema = z.union([
  kindSchema,
  z.strictObject({
    kind: z.literal('tensor'),
    datatype: z.enum(Object.keys(datatypes) as [keyof typeof datatypes]),
    shape: z.array(z.union([z.int().min(0), z.null()])).max(16),
  }),
]);

const isFunction = (value: unknown) => typeof value === 'function';

/** What the file of an own step exports by default. */
const ownStepSchema = z.object({
  takes: z.union([kindSchema, z.array(kindSchema).min(1)]),
  gives: typeSchema,
  run: z.custom<LoadedStep['run']>(isFunction, 'expected a function'),
  runBatch: z.custom<NonNullable<LoadedStep['runBatch']>>(isFunction, 'expected a function').exactOptional(),
});

/** An own step in the thread that loaded it. */
export interface LoadedStep {
  readonly takes: readonly ValueKind[];
  readonly gives: ValueType;
  run(value: unknown, options: unknown): unknown;
  /** Undefined for a step that takes items one by one. */
  readonly runBatch?: (values: readonly unknown[], options: unknown) => unknown;
}

/**
 * Loads an own step: a module whose default export is `{takes, gives, run(value, options)}`. `run` may return a
 * promise. It says that the item is at fault by throwing an error whose `code` is `INVALID_INPUT`, with a `path` if it
 * likes. With a `runBatch(values, options)` it takes several items at once. To be called in a thread of the step pool:
 * what the module does when it is loaded is anybody's guess.
 *
 * @param file how messages call it
 * @param url of the module
 * @throws Error with a reason for the operator if the module cannot be loaded or exports something else
 */
export async function loadStep(file: string, url: string): Promise<LoadedStep> {
  if (file.endsWith('.ts') && !stripsTypes()) {
    throw new Error(`${file} is TypeScript, which this Node does not run; it takes Node 22.18 or newer, or a .js file`);
  }
  const module = (await import(url).catch((error: unknown) => {
    throw new Error(`${file} cannot be loaded: ${reasonOf(error)}`, { cause: error });
  })) as { default?: object };
  const { default: exported } = module;
  const checked = ownStepSchema.safeParse(exported);
  if (!checked.success) {
    const problems = checked.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
    throw new Error(`${file} must export {takes, gives, run} by default: ${problems.join('; ')}`);
  }
  const { takes, gives, run, runBatch } = checked.data;
  return {
    takes: typeof takes === 'string' ? [takes] : takes,
    gives: typeOf(gives),
    run: run.bind(exported),
    ...(runBatch === undefined ? {} : { runBatch: runBatch.bind(exported) }),
  };
}

/**
 * The kind of step that an own step is.
 *
 * @param loaded what was loaded in this thread; or what another thread said of it, and then it cannot be run here
 */
export function ownStepKind(file: string, loaded: LoadedStep | Pick<LoadedStep, 'takes' | 'gives'>): StepKind {
  const { takes, gives } = loaded;
  return stepKind({
    name: file,
    summary: 'A step of the operator',
    takes,
    gives: [gives.kind],
    options: z.unknown(),
    resolve: (options): Step => ({ name: file, gives, runs: 'own', ...runnersOf(file, loaded, options) }),
  });
}

function runnersOf(
  file: string,
  loaded: LoadedStep | Pick<LoadedStep, 'takes' | 'gives'>,
  options: unknown,
): Pick<Step, 'run' | 'runBatch'> {
  if (!('run' in loaded)) {
    return {
      run: () => {
        throw new Error(`${file} runs in the step pool alone`);
      },
    };
  }
  const { gives, runBatch } = loaded;
  const run: Step['run'] = async (value) => {
    try {
      return checkedValue(file, gives.kind, await loaded.run(value, options));
    } catch (error) {
      throw asInputError(error);
    }
  };
  if (runBatch === undefined) return { run };
  return {
    run,
    runBatch: async (values) => {
      const results = await runBatch(values, options);
      if (!Array.isArray(results) || results.length !== values.length) {
        throw new Error(`${file} was given ${values.length} values by runBatch and must return as many`);
      }
      return results.map((result: unknown) => {
        if (result instanceof Error) return asInputError(result) as Error;
        return checkedValue(file, gives.kind, result);
      });
    },
  };
}

/** Node says so from 22.10 on; on earlier ones the property is not there. */
function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function typeOf(type: z.output<typeof typeSchema>): ValueType {
  if (typeof type === 'string') return anyOfKind(type);
  const shape = type.shape.map((size) => size ?? { symbol: null });
  return { kind: type.kind, datatype: type.datatype, shape };
}

/** What an own step gives is not believed: what comes after it relies on the kind. */
function checkedValue(file: string, kind: ValueKind, value: unknown): Value {
  if (isOfKind(kind, value)) return value;
  throw new Error(`${file} gives ${kind} and returned ${value === null ? 'null' : typeof value} that is none`);
}

function asInputError(error: unknown): unknown {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== 'INVALID_INPUT') return error;
  const { path, expected, got } = error as { path?: unknown; expected?: unknown; got?: unknown };
  const details = Object.fromEntries(
    Object.entries({ path, expected, got }).flatMap(([name, text]) => {
      return typeof text === 'string' ? [[name, text.slice(0, MAX_TEXT)]] : [];
    }),
  );
  return new MillraceError('INVALID_INPUT', error.message, details);
}
