import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { type ErrorCode, errorTable } from '../../core/errors.js';
import { PROBLEM_TYPE, problemSchema } from '../problem.js';
import { v2ErrorSchema } from '../v2/error-body.js';
import { type JsonSchema, schemaAt } from './component-schemas.js';

/** How errors are said: as problem details, or as the Open Inference Protocol has it. */
export type FormName = 'problem' | 'v2';

interface ErrorForm {
  readonly type: string;
  readonly schema: z.ZodType;
  /** The status that a code has. */
  statusOf(code: ErrorCode): number;
  /** What a body says of the codes that it may be of, if it does. */
  narrowed(codes: readonly ErrorCode[]): JsonSchema | undefined;
  /** The name of an answer with one of several codes. */
  nameOf(status: number): string;
  /** That of an answer with one code. */
  nameOfCode(code: ErrorCode): string;
}

export const errorForms: Readonly<Record<FormName, ErrorForm>> = {
  problem: {
    type: PROBLEM_TYPE,
    schema: problemSchema,
    statusOf: (code) => errorTable[code].http,
    narrowed: (codes) => {
      const [first] = codes as [ErrorCode];
      return { type: 'object', properties: { status: { const: errorTable[first].http }, code: { enum: codes } } };
    },
    nameOf: (status) => `${reasonPhrase(status)}Problems`,
    nameOfCode: (code) => pascalCase(code.split('_')),
  },
  v2: {
    type: 'application/json',
    schema: v2ErrorSchema,
    statusOf: (code) => errorTable[code].v2,
    // It has no place for the code.
    narrowed: () => undefined,
    nameOf: (status) => `V2${reasonPhrase(status)}Answers`,
    nameOfCode: (code) => `V2${pascalCase(code.split('_'))}`,
  },
};

/** Answered by Node's parser, before there is a request that could have an id, or a path. */
export const beforeRequests: readonly ErrorCode[] = ['REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE'];

/** The schema of a body in a form, with one of some codes that share a status. */
export function errorBody(form: FormName, codes: readonly ErrorCode[]): JsonSchema {
  const { schema, narrowed } = errorForms[form];
  const [whole, part] = [schemaAt(schema, 'output'), narrowed(codes)];
  return part === undefined ? whole : { allOf: [whole, part] };
}

function reasonPhrase(status: number): string {
  return pascalCase((STATUS_CODES[status] ?? String(status)).split(/\W+/));
}

function pascalCase(words: readonly string[]): string {
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()).join('');
}
