import { STATUS_CODES } from 'node:http';
import { type ErrorCode, errorTable } from '../../core/errors.js';
import { PROBLEM_TYPE } from '../problem.js';
import { schemaUri } from './component-schemas.js';
import { answerHeaders } from './documented-headers.js';
import type { Operation } from './operation.js';

/** What every route may answer. */
const anywhere: readonly ErrorCode[] = ['INVALID_REQUEST', 'REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE', 'INTERNAL'];

/** What a route for which a key is needed may answer. */
const withKeys: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN'];

/** The codes that an operation may answer by their status, in ascending order; within it in that of the table. */
export function errorsOf({ errors = [], scope }: Operation): Map<number, ErrorCode[]> {
  const codes = new Set([...errors, ...anywhere, ...(scope === 'public' ? [] : withKeys)]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const [code, { http: status }] of Object.entries(errorTable) as [ErrorCode, { http: number }][]) {
    if (codes.has(code)) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

/** Examples as the document has them, by name. */
export type NamedValues = [name: string, example: { readonly summary?: string; readonly value: unknown }][];

interface ErrorAnswer {
  readonly name: string;
  readonly codes: readonly ErrorCode[];
  readonly examples: NamedValues;
}

/**
 * The answers that are errors, each set of codes once, under a name of its own. The order of calls gives the names, so
 * that the document is the same every time.
 */
export class ErrorAnswers {
  readonly #byCodes = new Map<string, ErrorAnswer>();

  /**
   * A reference to the answer with one of these codes, which share a status.
   *
   * @param examples of it; they stand beside those of other operations
   */
  refTo(status: number, { codes, examples }: { codes: readonly ErrorCode[]; examples: NamedValues }): { $ref: string } {
    const key = codes.join();
    const known = this.#byCodes.get(key) ?? { name: this.#newName(status, codes), codes, examples: [] };
    this.#byCodes.set(key, { ...known, examples: [...known.examples, ...examples] });
    return { $ref: `#/components/responses/${known.name}` };
  }

  /** All that were referred to, by their names. */
  get components(): Record<string, object> {
    return Object.fromEntries([...this.#byCodes.values()].map((answer) => [answer.name, responseObject(answer)]));
  }

  /** A code that is alone gives its name; several go by their status, and are counted where it has several such sets. */
  #newName(status: number, codes: readonly ErrorCode[]): string {
    const [only] = codes as [ErrorCode];
    if (codes.length === 1) return pascalCase(only.split('_'));
    const base = `${pascalCase((STATUS_CODES[status] ?? String(status)).split(/\W+/))}Problems`;
    const taken = new Set([...this.#byCodes.values()].map(({ name }) => name));
    let name = base;
    for (let count = 2; taken.has(name); count += 1) name = `${base}${count}`;
    return name;
  }
}

function responseObject({ codes, examples }: ErrorAnswer): object {
  const [first] = codes as [ErrorCode];
  const schema = {
    allOf: [
      { $ref: schemaUri('Problem') },
      { type: 'object', properties: { status: { const: errorTable[first].http }, code: { enum: codes } } },
    ],
  };
  return {
    description: codes.map((code) => `- \`${code}\`: ${errorTable[code].title}`).join('\n'),
    headers: answerHeaders(codes),
    content: {
      [PROBLEM_TYPE]: { schema, ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) }) },
    },
  };
}

function pascalCase(words: readonly string[]): string {
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()).join('');
}
