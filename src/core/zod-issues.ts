import type { z } from 'zod';
import { didYouMean } from './near-names.js';

/** Problems of one kind that are told; a document may have a million. */
const MAX_PROBLEMS = 10;

/** One thing wrong in a document: where, and what was expected and came. */
export interface DocumentProblem {
  path: string;
  message: string;
}

/**
 * Puts zod's issues into words that name the field, what was expected and what came, with a suggestion for a
 * misspelt key.
 *
 * @param error what `safeParse` gave
 * @param schema the schema that was parsed with, for the names of its keys
 * @param value the document that was parsed
 */
export function describeIssues(error: z.ZodError, schema: z.ZodType, value: unknown): DocumentProblem[] {
  const problems = error.issues.slice(0, MAX_PROBLEMS).flatMap((issue) => describeIssue(issue, schema, value));
  const left = error.issues.length - MAX_PROBLEMS;
  return left > 0 ? [...problems, { path: '(document)', message: `${left} more problems` }] : problems;
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): DocumentProblem[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    const more = issue.keys.length - MAX_PROBLEMS;
    const rest = more > 0 ? [{ path: pathText(issue.path), message: `${more} more unknown keys` }] : [];
    const told = issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      path: pathText([...issue.path, key.slice(0, 128)]),
      message: `unknown key${didYouMean(key, known)}; expected ${known.length > 0 ? known.join(', ') : 'none'}`,
    }));
    return [...told, ...rest];
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((issues) => issues.every(isBelowOrKey));
    if (meant.length === 1) {
      return (meant[0] as z.core.$ZodIssue[]).flatMap((inner) =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema, value),
      );
    }
    const options = issue.errors.map((issues) => issues.map((inner) => plainMessage(inner)).join(' and '));
    return [{ path, message: `expected one of: ${options.join('; ')}; got ${shown(valueAt(value, issue.path))}` }];
  }
  return [{ path, message: `${plainMessage(issue)}; got ${shown(valueAt(value, issue.path))}` }];
}

/** Whether an issue leaves the value as a whole of the right kind. */
function isBelowOrKey({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys';
}

function plainMessage(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^(Invalid (input|option|string)|Too (small|big)): /, '').replace(/, received .*$/, '');
}

/** `a.b[2]`, or `(document)` for the whole. */
export function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(document)';
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** A value as an error message shows it: its kind, and itself when it is short. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  return `the ${typeof value} ${String(value)}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    return (at as Record<PropertyKey, unknown>)[key];
  }, value);
}

/** The parts of zod's schemas that lead from one to another. */
interface SchemaNode {
  readonly def: {
    readonly shape?: Readonly<Record<string, SchemaNode>>;
    readonly element?: SchemaNode;
    readonly valueType?: SchemaNode;
    readonly options?: readonly SchemaNode[];
    readonly innerType?: SchemaNode;
    readonly in?: SchemaNode;
  };
}

/** The keys that an object at this path may have; where it has several forms, those of all. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const at = path.reduce<SchemaNode[]>(
    (forms, key) => forms.flatMap((form) => childOf(form, key)).flatMap(formsOf),
    formsOf(schema as unknown as SchemaNode),
  );
  return [...new Set(at.flatMap(({ def }) => Object.keys(def.shape ?? {})))];
}

/** The schema itself, or the forms of a union, also inside `.optional()`, `.default()`, `.transform()` and the like. */
function formsOf(schema: SchemaNode): SchemaNode[] {
  const { options, innerType, in: before } = schema.def;
  if (options !== undefined) return options.flatMap(formsOf);
  const inner = innerType ?? before;
  return inner === undefined ? [schema] : formsOf(inner);
}

function childOf({ def }: SchemaNode, key: PropertyKey): SchemaNode[] {
  const { shape = {}, element, valueType } = def;
  const child = Object.hasOwn(shape, key) ? shape[key as string] : (element ?? valueType);
  return child === undefined ? [] : [child];
}
