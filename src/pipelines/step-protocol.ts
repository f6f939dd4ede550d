import { MillraceError, reasonOf } from '../core/errors.js';
import type { TensorSpec } from '../model/signature.js';
import type { PipelineConfig } from './pipeline-config.js';
import type { StepOutcome } from './run-steps.js';
import { Answer, type Value } from './step.js';
import { isAnswer } from './step-decorators.js';
import type { ValueKind, ValueType } from './value-type.js';

/** All that it takes to compile a pipeline again in another thread. */
export interface PipelineSource {
  readonly config: PipelineConfig;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** The files that the pipeline reads beside the model, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The operator's own steps, by file. */
  readonly code: ReadonlyMap<string, OwnStep>;
}

/** What an own step takes and gives, as the thread that loaded it says. */
export interface OwnStepTypes {
  readonly takes: readonly ValueKind[];
  readonly gives: ValueType;
  readonly runsBatches: boolean;
}

/** An own step by the URL of its module. */
export interface OwnStep extends OwnStepTypes {
  readonly url: string;
}

/** Steps `from` up to and without `to` of a chain. */
export interface StepRange {
  readonly pipeline: number;
  readonly chain: string;
  readonly from: number;
  readonly to: number;
}

/** What a step thread is told. A pipeline is defined before its first run; messages keep their order. */
export type StepMessage =
  | { readonly kind: 'define'; readonly pipeline: number; readonly source: PipelineSource }
  | { readonly kind: 'forget'; readonly pipeline: number }
  | { readonly kind: 'describe'; readonly file: string; readonly url: string }
  | { readonly kind: 'run'; readonly range: StepRange; readonly values: readonly Value[] };

/** An outcome on its way between threads, where classes mean nothing. */
export type WireOutcome =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'answer'; readonly type: ValueType; readonly value: Value }
  | {
      readonly kind: 'error';
      readonly code: MillraceError['code'];
      readonly message: string;
      readonly details: object;
    };

/** A step thread's answer to a run: an outcome for each item, and what the first step took for all, in milliseconds. */
export interface StepReply {
  readonly outcomes: readonly WireOutcome[];
  readonly firstMs: number;
}

export function toWire(outcome: StepOutcome): WireOutcome {
  if ('error' in outcome) {
    const { code, message, details, cause } = outcome.error;
    const reason =
      cause === undefined ? {} : { cause: cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause) };
    return { kind: 'error', code, message, details: { ...details, ...reason } };
  }
  const { result } = outcome;
  if (isAnswer(result)) return { kind: 'answer', type: result.type, value: result.value };
  return { kind: 'value', value: result };
}

export function fromWire(outcome: WireOutcome): StepOutcome {
  switch (outcome.kind) {
    case 'value':
      return { result: outcome.value };
    case 'answer':
      return { result: new Answer(outcome.type, outcome.value) };
    case 'error':
      return { error: new MillraceError(outcome.code, outcome.message, outcome.details) };
  }
}
