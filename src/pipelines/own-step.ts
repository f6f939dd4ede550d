import { z } from 'zod';
import { MillraceError, reasonOf } from '../core/errors.js';
import { pathText } from '../core/zod-issues.js';
import { datatypes } from '../tensor/datatype.js';
import { type Step, type StepKind, stepKind, type Value } from './step.js';
import { anyOfKind, type ValueKind, type ValueType, valueKinds } from './value-type.js';

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
  run: z.custom<(value: unknown, options: unknown) => unknown>(isFunction, 'expected a function'),
});

/**
 * Loads an own step: a module whose default export is `{takes, gives, run(value, options)}`. `run` may return a
 * promise. It says that the item is at fault by throwing an error whose `code` is `INVALID_INPUT`, with a `path` if it likes.
 *
 * @param file how messages call it
 * @param url of the module
 * @throws Error with a reason for the operator if the module cannot be loaded or exports something else
 */
export async function importStep(file: string, url: string): Promise<StepKind> {
  if (file.endsWith('.ts') && !stripsTypes()) {
    throw new Error(`${file} is TypeScript, which this Node does not run; it takes Node 22.18 or newer, or a .js file`);
  }
  const module = await import(url).catch((error: unknown) => {
    throw new Error(`${file} cannot be loaded: ${reasonOf(error)}`, { cause: error });
  });
  const checked = ownStepSchema.safeParse((module as { default?: unknown }).default);
  if (!checked.success) {
    const problems = checked.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
    throw new Error(`${file} must export {takes, gives, run} by default: ${problems.join('; ')}`);
  }
  const { takes, gives, run } = checked.data;
  const given = typeOf(gives);
  return stepKind({
    name: file,
    summary: 'A step of the operator',
    takes: typeof takes === 'string' ? [takes] : takes,
    gives: [given.kind],
    options: z.unknown(),
    resolve: (options): Step => ({
      name: file,
      gives: given,
      runs: 'own',
      run: async (value) => {
        try {
          return checkedValue(file, given.kind, await run(value, options));
        } catch (error) {
          throw asInputError(error);
        }
      },
    }),
  });
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

const looksLike: Readonly<Record<ValueKind, (value: unknown) => boolean>> = {
  bytes: (value) => value instanceof Uint8Array,
  text: (value) => typeof value === 'string',
  record: isObject,
  strokes: Array.isArray,
  image: (value) => isObject(value) && value['data'] instanceof Uint8Array && typeof value['width'] === 'number',
  tensor: (value) => isObject(value) && typeof value['datatype'] === 'string' && Array.isArray(value['shape']),
  tensors: isObject,
  scores: (value) => Array.isArray(value) || ArrayBuffer.isView(value),
  labels: Array.isArray,
  json: (value) => value !== undefined,
};

/** What an own step gives is not believed: what comes after it relies on the kind. */
function checkedValue(file: string, kind: ValueKind, value: unknown): Value {
  if (looksLike[kind](value)) return value as Value;
  throw new Error(`${file} gives ${kind} and returned ${value === null ? 'null' : typeof value}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function asInputError(error: unknown): unknown {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== 'INVALID_INPUT') return error;
  const { path, expected, got } = error as { path?: unknown; expected?: unknown; got?: unknown };
  const details = Object.fromEntries(
    Object.entries({ path, expected, got }).filter(([, text]) => typeof text === 'string'),
  );
  return new MillraceError('INVALID_INPUT', error.message, details);
}
