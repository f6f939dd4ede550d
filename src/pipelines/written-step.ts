import type { StepConfig } from './pipeline-config.js';
import { PipelineError } from './pipeline-error.js';
import { type ValueKind, valueKinds } from './value-type.js';

/** A step as model.yaml says it, and where it says so. */
export interface WrittenStep {
  readonly name: string;
  /** Undefined where none were written. */
  readonly options: unknown;
  readonly path: string;
}

/** Kinds of values that a client can send as an item. */
export const sentKinds = ['bytes', 'text', 'record', 'strokes', 'json'] as const satisfies readonly ValueKind[];

/** A fork at the beginning of the preprocessing: another way for each kind of item. */
export const BY_TYPE = 'by_type';

/** @throws PipelineError if an entry is neither a name nor a mapping of one name to its options */
export function readSteps(steps: readonly StepConfig[], path: string): WrittenStep[] {
  return steps.map((step, index) => {
    const at = `${path}[${index}]`;
    if (typeof step === 'string') return { name: step, options: undefined, path: at };
    const [entry, ...others] = isMapping(step) ? Object.entries(step) : [];
    if (entry !== undefined && others.length === 0) return { name: entry[0], options: entry[1], path: at };
    throw new PipelineError(`${at}: expected the name of a step, or one name with its options`);
  });
}

/**
 * The ways of a fork: by kind of item, the steps that come before the common ones.
 *
 * @throws PipelineError if they are not written as a mapping of kinds to lists
 */
export function readWays({ options, path }: WrittenStep): [ValueKind, WrittenStep[]][] {
  if (!isMapping(options) || Object.keys(options).length === 0) {
    throw new PipelineError(`${path}: ${BY_TYPE} takes a mapping of kinds of items (bytes, text …) to lists of steps`);
  }
  return Object.entries(options).map(([name, steps]) => {
    const at = `${path}.${BY_TYPE}.${name}`;
    const kind = sentKinds.find((each) => each === name);
    if (kind === undefined) throw new PipelineError(`${at}: expected one of ${sentKinds.join(', ')}`);
    if (!Array.isArray(steps)) throw new PipelineError(`${at}: expected a list of steps`);
    return [kind, readSteps(steps as StepConfig[], at)];
  });
}

/** Whether a step's name is that of a file beside the model. */
export function isOwnStep({ name }: WrittenStep): boolean {
  return /\.(?:[cm]?js|ts)$/.test(name);
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of kinds for a message: `bytes or text`. */
export function kindsText(kinds: readonly ValueKind[]): string {
  return kinds.length === valueKinds.length ? 'anything' : kinds.join(' or ');
}
