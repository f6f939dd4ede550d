import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type ApiDocument, escaped, type Part, partsOf } from './api-document.js';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What HTTP itself adds to answers. */
const ofHttp = ['connection', 'content-length', 'content-type', 'date', 'keep-alive'];

/** Holds answers against what the document says of them, by Ajv. */
export class ApiContract {
  readonly #document: ApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: ApiDocument) {
    this.#document = document;
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(closed(document.root), 'openapi');
  }

  /** A line for each thing in which an answer differs from what the operation may answer. */
  faultsOf(operation: string, { status, headers, text }: WireAnswer): string[] {
    const place = this.#document.placeOf(`${this.#document.pointerTo(operation)}/responses/${status}`);
    if (place === undefined) return [`${status} is not documented`];
    const answer = this.#document.at(place) as { headers: Part; content: Part };
    const type = (headers.get('content-type') ?? '').split(';')[0] as string;
    if (!Object.hasOwn(answer.content, type)) return [`content-type ${type} is not documented`];
    const names = Object.keys(answer.headers);
    const known = new Set([...ofHttp, ...names.map((name) => name.toLowerCase())]);
    const value: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    return [
      ...[...headers.keys()].filter((name) => !known.has(name)).map((name) => `header ${name} is not documented`),
      ...names.flatMap((name) => this.#headerFaults(`${place}/headers/${escaped(name)}`, headers.get(name))),
      ...this.#schemaFaults(`${place}/content/${escaped(type)}/schema`, value),
    ];
  }

  #headerFaults(pointer: string, value: string | null): string[] {
    const place = this.#document.placeOf(pointer) as string;
    const { required, schema } = this.#document.at(place) as { required: boolean; schema: Part };
    if (value === null) return required ? [`${pointer} is missing`] : [];
    return this.#schemaFaults(`${place}/schema`, schema['type'] === 'integer' ? Number(value) : value);
  }

  #schemaFaults(pointer: string, value: unknown): string[] {
    const validate = this.#ajv.getSchema(`openapi#${pointer}`);
    if (validate === undefined) throw new Error(`there is no schema at ${pointer}`);
    if (validate(value) === true) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${pointer}: ${instancePath} ${message}`);
  }
}

/** The document with its named objects closed, so that a member which it does not know is found too. */
function closed(root: Part): Part {
  const copy = structuredClone(root);
  const { schemas } = copy['components'] as { schemas: Part };
  for (const part of partsOf(schemas) as Record<string, unknown>[]) {
    if (typeof part['properties'] === 'object' && part['type'] === 'object') part['additionalProperties'] ??= false;
  }
  return copy;
}
