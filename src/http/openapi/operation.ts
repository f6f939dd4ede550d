import type { z } from 'zod';
import { type ErrorCode, errorTable, type MillraceError } from '../../core/errors.js';
import { PROBLEM_TYPE, problemOf } from '../problem.js';
import type { Route } from '../route.js';

/** Groups of operations, in the document's order, with what each is about. */
export const tags = {
  predictions: 'Ask a model',
  models: 'What is served',
  jobs: 'Predictions on their way, and those that ended within the last minute',
  operations: 'Health, version, metrics',
  documentation: 'The welcome page, and this document',
} as const;

/**
 * What the OpenAPI document says of one route. The route itself is made of the same object, `{ ...operation, handle }`,
 * so that method, path and scope are written once.
 */
export interface Operation extends Pick<Route, 'method' | 'path' | 'scope'> {
  /** Unlike any other: generated clients make the names of their functions of it. */
  readonly id: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly description?: string;
  /** Beside those that every route takes. */
  readonly parameters?: readonly Parameter[];
  readonly body?: Body;
  /** By status: what is answered if nothing is wrong. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every route may answer. */
  readonly errors?: readonly ErrorCode[];
  /** By name; test/http/openapi replays them against the bundled models, in the order of the document. */
  readonly examples?: Readonly<Record<string, Example>>;
}

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface Body {
  readonly description: string;
  /** Whether requests may come without it. */
  readonly isOptional?: boolean;
  /** By media type. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

export interface Answer {
  readonly description: string;
  /** By media type. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

/** A request and its answer. */
export interface Example {
  readonly summary: string;
  /** By name; in a header, the query or the path. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly body?: { readonly type: string; readonly value: unknown };
  readonly status: number;
  /** What is measured, such as times, differs from run to run. */
  readonly answer: { readonly type: string; readonly value: unknown };
}

/** The answer of an example that is refused, to a request whose X-Request-Id is given. */
export function refusal(error: MillraceError, requestId: string): Pick<Example, 'status' | 'answer'> {
  return {
    status: errorTable[error.code].http,
    answer: { type: PROBLEM_TYPE, value: problemOf(error, requestId) },
  };
}
