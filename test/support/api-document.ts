import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { projectFile } from './bundled-model.js';

/** An object of the document. */
export type Part = Readonly<Record<string, unknown>>;

/** openapi.yaml as a tree of plain values, read by nothing of the server's own. */
export class ApiDocument {
  readonly root: Part;

  constructor(text = readFileSync(projectFile('openapi.yaml'), 'utf8')) {
    this.root = parse(text) as Part;
  }

  /** `get /models/{name}` and so on. */
  get operations(): string[] {
    return Object.entries(this.root['paths'] as Part).flatMap(([path, methods]) =>
      Object.keys(methods as Part).map((method) => `${method} ${path}`),
    );
  }

  /** Every name of an example that the document holds. */
  get exampleNames(): Set<string> {
    const names = this.#everywhere('examples').flatMap((examples) => Object.keys(examples as Part));
    return new Set(names);
  }

  /** The codes of errors that some operation may answer. */
  get errorCodes(): Set<string> {
    const { responses } = this.root['components'] as { responses: Record<string, { description: string }> };
    const texts = Object.values(responses).map(({ description }) => description);
    return new Set(texts.flatMap((text) => [...text.matchAll(/^- `([A-Z_]+)`: /gm)].map(([, code]) => code as string)));
  }

  /** Where an operation stands, as a JSON Pointer (RFC 6901). */
  pointerTo(operation: string): string {
    const [method = '', path = ''] = operation.split(' ');
    return `/paths/${escaped(path)}/${method}`;
  }

  /** The place that a pointer means, which is another one where a reference stands; undefined if there is nothing. */
  placeOf(pointer: string): string | undefined {
    const part = this.at(pointer);
    const { $ref: reference } = (part ?? {}) as { $ref?: string };
    return reference === undefined ? part && pointer : this.placeOf(reference.slice('#'.length));
  }

  at(pointer: string): Part | undefined {
    const keys = pointer.split('/').slice(1).map(unescaped);
    return keys.reduce<unknown>((part, key) => (part as Part | undefined)?.[key], this.root) as Part | undefined;
  }

  #everywhere(key: string): unknown[] {
    return partsOf(this.root).flatMap((part) => (Object.hasOwn(part, key) ? [part[key]] : []));
  }
}

/** A key as a JSON Pointer has it. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** An object, and all objects in it. */
export function partsOf(value: unknown): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(partsOf);
  return Array.isArray(value) ? inside : [value as Part, ...inside];
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
