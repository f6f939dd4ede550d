import { type ErrorCode, errorTable } from '../../core/errors.js';
import { answerHeaders } from './documented-headers.js';
import { beforeRequests, errorBody, errorForms, type FormName } from './error-forms.js';
import type { Operation } from './operation.js';

/** What every route may answer. */
const anywhere: readonly ErrorCode[] = ['INVALID_REQUEST', ...beforeRequests, 'INTERNAL'];

/** What a route for which a key is needed may answer. */
const withKeys: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN'];

/** Codes that share a status, and the form in which that is answered. */
export interface ErrorSet {
  readonly status: number;
  readonly form: FormName;
  /** In the order of the table. */
  readonly codes: readonly ErrorCode[];
}

/** The codes that an operation may answer, by their statuses. */
export function errorsOf({ errors = [], scope, errorForm = 'problem' }: Operation): ErrorSet[] {
  const codes = new Set([...errors, ...anywhere, ...(scope === 'public' ? [] : withKeys)]);
  const byStatus = new Map<number, ErrorSet>();
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    if (!codes.has(code)) continue;
    const form = beforeRequests.includes(code) ? 'problem' : errorForm;
    const status = errorForms[form].statusOf(code);
    byStatus.set(status, { status, form, codes: [...(byStatus.get(status)?.codes ?? []), code] });
  }
  return [...byStatus.values()];
}

/** Examples as the document has them, by name. */
export type NamedValues = [name: string, example: { readonly summary?: string; readonly value: unknown }][];

interface ErrorAnswer extends ErrorSet {
  readonly name: string;
  readonly examples: NamedValues;
}

/**
 * The answers that are errors, each set of codes once, under a name of its own. The order of calls gives the names, so
 * that the document is the same every time.
 */
export class ErrorAnswers {
  readonly #bySet = new Map<string, ErrorAnswer>();

  /**
   * A reference to the answer with one of these codes.
   *
   * @param examples of it; they stand beside those of other operations
   */
  refTo(set: ErrorSet, examples: NamedValues): { $ref: string } {
    const key = `${set.form} ${set.codes.join()}`;
    const known = this.#bySet.get(key) ?? { ...set, name: this.#newName(set), examples: [] };
    this.#bySet.set(key, { ...known, examples: [...known.examples, ...examples] });
    return { $ref: `#/components/responses/${known.name}` };
  }

  /** All that were referred to, by their names. */
  get components(): Record<string, object> {
    return Object.fromEntries([...this.#bySet.values()].map((answer) => [answer.name, responseObject(answer)]));
  }

  /** A code that is alone gives its name; several go by their status, and are counted where it has several such sets. */
  #newName({ status, form, codes }: ErrorSet): string {
    const [only] = codes as [ErrorCode];
    if (codes.length === 1) return errorForms[form].nameOfCode(only);
    const base = errorForms[form].nameOf(status);
    const taken = new Set([...this.#bySet.values()].map(({ name }) => name));
    let name = base;
    for (let count = 2; taken.has(name); count += 1) name = `${base}${count}`;
    return name;
  }
}

function responseObject({ status, form, codes, examples }: ErrorAnswer): object {
  return {
    description: codes.map((code) => `- \`${code}\`: ${errorTable[code].title}`).join('\n'),
    headers: answerHeaders({ status, codes }),
    content: {
      [errorForms[form].type]: {
        schema: errorBody(form, codes),
        ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) }),
      },
    },
  };
}
