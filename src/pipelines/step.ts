import type { z } from 'zod';
import type { TensorSpec } from '../model/signature.js';
import type { ValueKind, Values, ValueType } from './value-type.js';

/** A value on its way through a pipeline; its step knows of which kind it is. */
export type Value = Values[ValueKind];

/** What a pipeline came to, for one item. A step of the preprocessing may give one early: then the model is not asked. */
export class Answer {
  readonly type: ValueType;
  readonly value: Value;

  constructor(type: ValueType, value: Value) {
    this.type = type;
    this.value = value;
  }
}

/**
 * One step of a pipeline in its place: resolved, type-checked, ready to run.
 *
 * A step that is plain JavaScript runs where its measured cost allows (`step-runner.ts`); one that is `native` returns
 * a promise at once and works on threads of its own, as sharp does. Steps keep no state between items.
 */
export interface Step {
  /** As the configuration calls it; a fused step has the names of its parts, joined by ` + `. */
  readonly name: string;
  readonly gives: ValueType;
  /** The type of early answers, for a step that may give one. */
  readonly answers?: ValueType;
  /** `own` is the operator's code: it never runs on the main thread. */
  readonly runs: 'javascript' | 'native' | 'own';
  /**
   * Works on one item. It may not write to what it takes, which others may hold too; what it makes itself is the
   * caller's, who may take the memory over.
   *
   * @throws MillraceError INVALID_INPUT or UNSUPPORTED_MEDIA_TYPE, with a path from the item on, if the item is at fault
   */
  run(value: Value): Value | Answer | Promise<Value | Answer>;
  /** The same on several items at once, in order, where that is cheaper; an item at fault gives its error as its result. */
  runBatch?(values: readonly Value[]): StepResults | Promise<StepResults>;
  /** What the cost of `run` grows with; without it the length of the value. */
  effort?(value: Value): number;
  /** This step and the next in one, if that gives the same and costs less. */
  fuse?(next: Step): Step | undefined;
  /** A typical input, if the step can stand first: the pipeline is warmed up with it, and shows it as an example. */
  sample?(): Value | Promise<Value>;
}

/** What came of several items, in their order. */
export type StepResults = readonly (Value | Answer | Error)[];

/** What a step may know of its surroundings when it is resolved. */
export interface StepContext {
  /** What the model takes and gives for one item: shapes are without the batch axis. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /**
   * Reads a file beside the model.
   *
   * @throws Error with a reason for the operator if it is not there, or lies elsewhere
   */
  readFile(name: string): Promise<Uint8Array>;
}

/** A kind of step: what `name: options` means in model.yaml. */
export interface StepKind<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** What it does, in a sentence, for the documentation. */
  readonly summary: string;
  readonly takes: readonly ValueKind[];
  /** What it gives, for the documentation. */
  readonly gives: readonly ValueKind[];
  readonly options: Schema;
  /** A single value that stands for the options, `labels: labels.json`; the key that it is the value of. */
  readonly shorthand?: string;
  /**
   * Makes the step for one place.
   *
   * @param given the type that the step before gives; its kind is one of `takes`
   * @throws StepError if the options don't go with what is given, or with the model
   */
  resolve(options: z.output<Schema>, given: ValueType, context: StepContext): Step | Promise<Step>;
}

/** A pipeline of model.yaml that does not fit together; the message says what is wrong, its place is added by the compiler. */
export class StepError extends Error {}

/** Ties a kind of step to the type of its options. */
export function stepKind<Schema extends z.ZodType>(kind: StepKind<Schema>): StepKind<Schema> {
  return kind;
}
